//! The figures of `benches/README.md`, measured through the real doors: `cargo bench --bench figures`. Each is a
//! ratio of two things measured by turns in one run, or a difference, because machines are shared and noisy.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on has failed")]

#[path = "figures/batch.rs"]
mod batch;
#[path = "../tests/it/client.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod client;
#[path = "figures/containers.rs"]
mod containers;
#[path = "figures/judging.rs"]
mod judging;
#[path = "figures/load.rs"]
mod load;
/// The tests hold each frame against the schema; here that would be measured.
mod schema {
    pub(crate) fn check(_: &str, _: &serde_json::Value) {}
}
#[path = "figures/workspaces.rs"]
mod workspaces;

use client::{Client, Server};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    client::prepare();
    runtime.block_on(async {
        if wanted("latency") {
            // The interpreter itself: what stands first in the path may be a script that looks for it.
            let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
            let python = String::from_utf8(python.stdout).unwrap();
            latency("python", "print(\"hello\")", &[python.trim(), "-c", "print(\"hello\")"], 300).await;
            latency("javascript", "console.log(\"hello\")", &["node", "-e", "console.log(\"hello\")"], 300).await;
        }
        if wanted("cells") {
            cells().await;
        }
        if wanted("waiting") {
            waiting("python", "input()").await;
            waiting("javascript", "require('readline').createInterface({input: process.stdin}).on('line', () => {})").await;
        }
        if wanted("limits") {
            limits().await;
        }
        if wanted("flood") {
            flood().await;
        }
        if wanted("judging") {
            judging::judging().await;
        }
        if wanted("workspaces") {
            workspaces::workspaces().await;
        }
        if wanted("batch") {
            batch::batch().await;
        }
        if wanted("containers") {
            containers::containers().await;
        }
        if wanted("load") {
            load::load().await;
        }
        // Minutes of the same: only for who asks.
        if only.iter().any(|only| only == "long") {
            load::long().await;
        }
    });
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// One warm connection against spawning the native interpreter, by turns.
async fn latency(language: &str, code: &str, native: &[&str], count: usize) {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..count + 20 {
        let start = Instant::now();
        client.run(json!({"language": language, "code": code})).await.succeeded();
        let (run, start) = (start.elapsed(), Instant::now());
        if round >= 20 {
            ours.push(run);
            if round % 6 == 0 {
                let status = Command::new(native[0]).args(&native[1..]).stdout(Stdio::null()).status();
                assert!(status.unwrap().success());
                theirs.push(start.elapsed());
            }
        }
    }
    ours.sort();
    let p99 = ours[ours.len() * 99 / 100];
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "latency {language}: p50 {ours:.2?}, p99 {p99:.2?}; `{}` p50 {theirs:.2?}; ratio 1/{:.1}",
        native[..2].join(" "),
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

/// Runs per second of one cell and of two, each kept busy, by turns.
async fn cells() {
    let mut rates = [Vec::new(), Vec::new()];
    let servers = [Server::start(&["--set", "cells.count=1", "--set", "desk.live=300"]), Server::start(&["--set", "cells.count=2"])];
    for _ in 0..5 {
        for (server, rates) in servers.iter().zip(&mut rates) {
            rates.push(rate(server, 1000).await);
        }
    }
    let mut median = |index: usize| {
        rates[index].sort_by(f64::total_cmp);
        rates[index][2]
    };
    let (one, two) = (median(0), median(1));
    println!("cells: one {one:.0} runs/s, two {two:.0} runs/s; ratio {:.2}", two / one);
}

async fn rate(server: &Server, count: usize) -> f64 {
    let mut client = server.connect().await;
    let run = |id: usize| json!({"type": "run", "id": id.to_string(), "language": "python", "code": "print(\"hello\")", "stream": false});
    let (mut sent, mut ended) = (0, 0);
    let start = Instant::now();
    while ended < count {
        while sent < count && sent - ended < 16 {
            client.send(run(sent)).await;
            sent += 1;
        }
        if client.next().await["type"] == "result" {
            ended += 1;
        }
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// Private memory and threads for each program that waits for input.
async fn waiting(language: &str, code: &str) {
    const PROGRAMS: usize = 200;
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    // One that has come and gone: what the first costs is not each one's.
    client.run(json!({"language": language, "code": "1"})).await.succeeded();
    let (before, threads) = (server.memory(), threads(&server));
    let mut shown = 0;
    for id in 0..PROGRAMS {
        client.send(json!({"type": "run", "id": id.to_string(), "language": language, "code": code, "interactive": true, "limits": {"wall_ms": 120_000}})).await;
    }
    while shown < PROGRAMS {
        shown += usize::from(client.next().await["type"] == "waiting");
    }
    let each = (server.memory() - before) as f64 / 1024.0 / PROGRAMS as f64;
    println!("waiting {language}: {PROGRAMS} programs, {each:.2} MB private each, {} more threads", self::threads(&server) - threads);
}

fn threads(server: &Server) -> usize {
    server.processes().iter().map(|process| std::fs::read_dir(format!("/proc/{process}/task")).unwrap().count()).sum()
}

/// How long after its limit each kind of program is ended, as its client sees it.
async fn limits() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases: [(&str, &str, Value, &str); 6] = [
        ("busy loop", "while True: pass", json!({"time_ms": 300}), "python"),
        ("catastrophic regex", "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", json!({"time_ms": 300}), "python"),
        ("huge bigint", "x = 3 ** 10_000_000", json!({"time_ms": 300}), "python"),
        ("time.sleep(60)", "import time\ntime.sleep(60)", json!({"time_ms": 300, "wall_ms": 300}), "python"),
        ("busy loop", "for (;;);", json!({"time_ms": 300}), "javascript"),
        ("catastrophic regex", "/(a+)+$/.test('a'.repeat(60) + 'b')", json!({"time_ms": 300}), "javascript"),
    ];
    for (name, code, limits, language) in cases {
        let mut late = Vec::new();
        for _ in 0..7 {
            client.send(json!({"type": "run", "id": "r", "language": language, "code": code, "limits": limits})).await;
            let start = Instant::now();
            let ran = client.rest("r").await;
            assert_eq!(ran.status(), "timeout");
            late.push(start.elapsed().saturating_sub(Duration::from_millis(300)));
        }
        let worst = *late.iter().max().unwrap();
        println!("limits {language}, {name}: {:.1?} after the limit (median of 7, worst {worst:.1?})", median(late));
    }
}

/// A program that prints 1 GB to a client that does not read.
async fn flood() {
    let server = Server::start(&[]);
    let mut client: Client = server.connect().await;
    // Both cells have run something: what the first program of a cell costs is not this one's.
    rate(&server, 50).await;
    let before = server.memory();
    let code = "import sys\nx = 'x' * 1048575 + '\\n'\nfor i in range(1000): sys.stdout.write(x)";
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": code, "limits": {"output_kb": 1_048_576, "time_ms": 60000, "wall_ms": 300_000}})).await;
    client.next_of("started").await;
    let mut most = 0;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(server.memory().saturating_sub(before));
    }
    println!("flood: 1 GB to a client that does not read: {:.1} MB more in server and cells", most as f64 / 1024.0);
    let start = Instant::now();
    let mut bytes = 0;
    loop {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "stdout" => bytes += frame["data"].as_str().unwrap().len(),
            "result" => break assert_eq!(frame["execution"]["status"], "success", "{frame}"),
            _ => {}
        }
    }
    println!("flood: then read, {:.0} MB/s", bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
}
