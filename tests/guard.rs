//! Counts that do not depend on how busy a machine is, against those of `benches/guard.toml`: a run that costs more
//! than it did is seen here, not in a figure. `make guard-update` writes the file anew, for a change that is meant.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "it/client.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod client;
/// The other tests hold each frame against the schema; not counted here.
mod schema {
    pub(crate) fn check(_: &str, _: &serde_json::Value) {}
}

/// The tests may put a gateway in the place of each server; here each is what it is called.
#[cfg(feature = "amqp")]
mod gateway {
    pub(crate) fn in_place_of(_: &str, _: &[&str]) -> Option<crate::client::Server> {
        None
    }
}

use client::Server;
use runnel::config::{Config, Sources};
use runnel::event::{Event, Outcome, Pipe, Text};
use runnel::judge::{self, End, Facts};
use runnel::protocol::parse::{self, Rules};
use runnel::protocol::render;
use runnel::toolchain::Toolchains;
use serde_json::json;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// By group and name.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// How far each group may grow, in percent and at least. Each is well above what it varies by.
const ALLOWED: [(&str, u64, u64); 4] =
    [("page_faults", 20, 50), ("guest_instructions", 10, 2), ("allocations", 10, 2), ("server_instructions", 25, 2)];
const HELLOS: [(&str, &str); 2] = [("python", "print(\"hello\")"), ("javascript", "console.log(\"hello\")")];
const HEAD: &str = "# What a hello and its frames cost, in counts that do not depend on how busy the machine is. tests/guard.rs compares;\n\
    # `make guard-update` writes this file anew, for a change that is meant.\n";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/guard.toml")
}

#[tokio::test]
async fn a_run_costs_no_more_than_it_did() {
    let mut counts = Counts::new();
    for (language, code) in HELLOS {
        if kernel_tells_touched_pages() {
            counts.entry("page_faults".to_owned()).or_default().insert(language.to_owned(), page_faults(language, code).await);
        }
        counts.entry("guest_instructions".to_owned()).or_default().insert(language.to_owned(), guest_instructions(language, code).await);
    }
    for (name, work) in works() {
        // What is made once is not each frame's.
        work();
        let allocated = allocation_counter::measure(&work);
        counts.entry("allocations".to_owned()).or_default().insert(name.to_owned(), allocated.count_total);
        match instructions(name) {
            Some(count) => drop(counts.entry("server_instructions".to_owned()).or_default().insert(name.to_owned(), count)),
            None => eprintln!("not counted: the instructions of {name}, for want of valgrind"),
        }
    }
    if std::env::var_os("GUARD_UPDATE").is_some() {
        return std::fs::write(file(), format!("{HEAD}\n{}", toml::to_string(&counts).unwrap())).unwrap();
    }
    compare(&counts, &toml::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap());
}

fn compare(counts: &Counts, kept: &Counts) {
    let mut grown = Vec::new();
    for (group, percent, least) in ALLOWED {
        let Some(counts) = counts.get(group) else { continue };
        for (name, &count) in counts {
            let before = kept.get(group).and_then(|kept| kept.get(name)).copied();
            let before = before.unwrap_or_else(|| panic!("`{group}.{name}` is not in the file\nhint: make guard-update"));
            println!("{group} {name}: {count}, kept {before}");
            if count > before + (before * percent / 100).max(least) {
                grown.push(format!("{group} of {name}: {count}, and it was {before}"));
            } else if count + count * percent / 100 + least < before {
                eprintln!("{group} of {name} fell from {before} to {count}: `make guard-update` keeps it there");
            }
        }
    }
    assert!(grown.is_empty(), "{}\nhint: where it is meant, `make guard-update`", grown.join("\n"));
}

/// Before Linux 6.7 an ended sandbox's pages are all dropped: then there are more faults, and not by our doing.
fn kernel_tells_touched_pages() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 7)
}

/// Of the cell, for each run; the least of some batches, since what is done beside a run is not the run's.
async fn page_faults(language: &str, code: &str) -> u64 {
    const BATCH: u64 = 40;
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=64"]);
    let mut client = server.connect().await;
    let cell = server.cells()[0];
    let mut least = u64::MAX;
    for batch in 0..6 {
        let before = faults(cell);
        for _ in 0..BATCH {
            client.run(json!({"language": language, "code": code})).await.succeeded();
        }
        if batch > 0 {
            least = least.min((faults(cell) - before) / BATCH);
        }
    }
    least
}

fn faults(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(7).unwrap().parse().unwrap()
}

/// Of the guest, as a reproducible run counts them.
async fn guest_instructions(language: &str, code: &str) -> u64 {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=64"]);
    let ran = server.connect().await.run(json!({"language": language, "code": code, "deterministic": {}})).await;
    ran.succeeded().execution()["fuel"].as_u64().unwrap()
}

type Work = Box<dyn Fn()>;

/// What the server does with each frame of a hello.
fn works() -> Vec<(&'static str, Work)> {
    const RUN: &str = r#"{"type":"run","id":"r","language":"python","code":"print(\"hello\")"}"#;
    let config = Config::load(&Sources::default()).unwrap();
    let (toolchains, mistakes) = Toolchains::load(&[], &config.limits.usual);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let rules = Rules::new(&config, toolchains);
    let started = Event::Started { engine: "wasm" };
    let output =
        Event::Output { test: None, pipe: Pipe::Stdout, seq: 0, at: Duration::from_millis(1), data: Text::Utf8("hello\n".to_owned()) };
    let outcome = hello_outcome();
    vec![
        ("parse_run", Box::new(move || drop(black_box(parse::request(black_box(RUN), &rules))))),
        ("render_started", Box::new(move || drop(black_box(render::event("r", None, &started))))),
        ("render_output", Box::new(move || drop(black_box(render::event("r", None, &output))))),
        ("render_result", Box::new(move || drop(black_box(render::result("r", None, &outcome))))),
    ]
}

fn hello_outcome() -> Outcome {
    let mut facts = Facts::unmeasured(End::Exit(0));
    facts.wall = Duration::from_micros(1500);
    Outcome {
        verdict: judge::verdict(&facts),
        outcome: judge::colour::Outcome::default(),
        compiled: None,
        tests: None,
        facts: Some(facts),
        stdout: Text::Utf8("hello\n".to_owned()),
        stderr: Text::Utf8(String::new()),
        stdout_truncated: false,
        stderr_truncated: false,
        files: None,
        workspace: None,
        queue_time: Duration::from_micros(50),
        code_size: 14,
        in_size: 0,
        out_size: 6,
    }
}

/// Of the server for one frame: this very program under callgrind, with few rounds and with many. None without it.
fn instructions(name: &str) -> Option<u64> {
    // Of a program that is not optimised they say nothing.
    if cfg!(debug_assertions) {
        return None;
    }
    const ROUNDS: [u64; 2] = [100, 600];
    let [few, many] = ROUNDS.map(|rounds| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "does_some_work"]).env("GUARD_WORK", format!("{name} {rounds}"));
        let output = command.output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find(|line| line.contains("Collected"))?.to_owned();
        line.rsplit(' ').next()?.parse::<u64>().ok()
    });
    Some((many? - few?) / (ROUNDS[1] - ROUNDS[0]))
}

fn counts(page_faults: u64, allocations: u64) -> Counts {
    let of = |group: &str, count| (group.to_owned(), BTreeMap::from([("x".to_owned(), count)]));
    BTreeMap::from([of("page_faults", page_faults), of("allocations", allocations)])
}

#[test]
fn what_varies_a_little_or_falls_is_no_fault() {
    compare(&counts(120, 3), &counts(100, 1));
    compare(&counts(10, 1), &counts(100, 10));
}

#[test]
#[should_panic(expected = "page_faults of x: 361, and it was 300")]
fn what_grows_is_told() {
    compare(&counts(361, 1), &counts(300, 1));
}

/// What `instructions` has counted; on its own it does nothing.
#[test]
#[ignore = "started by another test"]
fn does_some_work() {
    let Ok(wanted) = std::env::var("GUARD_WORK") else { return };
    let (wanted, rounds) = wanted.split_once(' ').unwrap();
    let (_, work) = works().into_iter().find(|(name, _)| *name == wanted).unwrap();
    for _ in 0..rounds.parse::<u64>().unwrap() {
        work();
    }
}
