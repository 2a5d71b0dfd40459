//! Private memory of each program that waits or computes, and of a process that does the same natively.

use crate::client::{Server, children};
use crate::peers;
use crate::report::Report;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) async fn memory(report: &mut Report) {
    report.section("Memory of each program");
    report.say("Private dirty memory of server and cells before and after, for each program; of a native process, all of its own.");
    let waits = "require('readline').createInterface({input: process.stdin}).on('line', () => {})";
    let python = peers::python();
    let mut rows = Vec::new();
    for (language, code, waiting) in [
        ("python", "input()", true),
        ("javascript", waits, true),
        ("python", "while True: pass", false),
        ("javascript", "for (;;);", false),
    ] {
        let count = if waiting { 200 } else { 50 };
        let (each, threads) = ours(language, code, count, waiting).await;
        let words = if language == "python" { [python.as_str(), "-c", code] } else { ["node", "-e", code] };
        let native = native(&words, 5);
        let what = if waiting { "waits for input" } else { "computes" };
        rows.push(vec![
            format!("{language}, {what}"),
            format!("{each:.2} MB"),
            count.to_string(),
            threads.to_string(),
            format!("{native:.1} MB"),
            format!("1/{:.1}", native / each),
        ]);
    }
    report.table(&["program", "each", "programs", "more threads", "native process", "ours is"], rows);
}

async fn ours(language: &str, code: &str, count: usize, waiting: bool) -> (f64, usize) {
    let server = Server::start(&["--set", "desk.live=256", "--set", "desk.busy_per_cell=64"]);
    let mut client = server.connect().await;
    // One that has come and gone: what the first costs is not each one's.
    client.run(json!({"language": language, "code": "1"})).await.succeeded();
    let (before, threads_before) = (server.memory(), threads(&server));
    let limits = json!({"wall_ms": 120_000, "time_ms": 60_000});
    for id in 0..count {
        client.begin(&id.to_string(), json!({"language": language, "code": code, "interactive": waiting, "limits": limits})).await;
    }
    let sign: Value = if waiting { "waiting".into() } else { "started".into() };
    let mut shown = 0;
    while shown < count {
        shown += usize::from(client.next().await["type"] == sign);
    }
    if !waiting {
        // Each has had its turn, and is past its start.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let each = (server.memory() - before) as f64 / 1024.0 / count as f64;
    (each, threads(&server).saturating_sub(threads_before))
}

fn threads(server: &Server) -> usize {
    server.processes().iter().map(|process| std::fs::read_dir(format!("/proc/{process}/task")).unwrap().count()).sum()
}

/// The mean of some processes, in MB.
fn native(words: &[&str], count: usize) -> f64 {
    let start = || -> Child { Command::new(words[0]).args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap() };
    let mut processes: Vec<Child> = (0..count).map(|_| start()).collect();
    std::thread::sleep(Duration::from_secs(1));
    let of_one = |process: u32| -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with("Private_Dirty"));
        lines.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum()
    };
    let sum: u64 = processes.iter().map(|process| of_one(process.id()) + children(process.id()).into_iter().map(of_one).sum::<u64>()).sum();
    for process in &mut processes {
        let _ = process.kill();
        let _ = process.wait();
    }
    sum as f64 / 1024.0 / count as f64
}
