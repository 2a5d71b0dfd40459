//! How long a hello takes, through the socket and by every other way to run one that this machine has.

use crate::client::{Client, Server};
use crate::peers::{self, Container, Peers, in_node, path, words, wrapped};
use crate::plot::{Bar, Plot, Scale};
use crate::report::{Bound, Report, Times, told};
use serde_json::json;
use std::time::Instant;

/// Ours is run so often for each time of a peer that takes long.
struct Peer {
    name: String,
    words: Vec<String>,
    every: usize,
    times: Times,
}

impl Peer {
    fn new(name: impl Into<String>, words: Vec<String>, every: usize) -> Self {
        Self { name: name.into(), words, every, times: Times::default() }
    }
}

pub(crate) async fn hello(report: &mut Report, peers: &Peers) {
    report.section("Hello: from the frame to its result");
    report.say("One warm connection; the peers are processes from start to end, run by turns with ours. The smaller the better.");
    let scratch = crate::client::Folder::new();
    std::fs::create_dir_all(&scratch.0).unwrap();
    let file = |name: &str, text: &str| {
        let path = scratch.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (py, js) = (file("hello.py", "print(\"hello\")\n"), file("hello.js", "console.log(\"hello\")\n"));
    let mut container = None;
    if !report.is_quick {
        cold(report).await;
        container = peers.has("docker-python").then(|| Container::start("runnel-peer-python"));
    }
    let python = peers::python();
    let code = "print(\"hello\")";
    let native = words(&[&python, "-c", code]);
    let mut rivals = vec![Peer::new("`python3 -c`", native.clone(), 4)];
    if peers.has("bwrap") {
        rivals.push(Peer::new("`python3 -c` under bubblewrap", wrapped(&native), 8));
    }
    if let Some(container) = &container {
        rivals.push(Peer::new(
            "`docker exec` of python3, warm container",
            words(&["docker", "exec", &container.0, "python3", "-c", code]),
            20,
        ));
        let run = ["docker", "run", "--rm", "--network", "none", "runnel-peer-python", "python3", "-c", code];
        rivals.push(Peer::new("`docker run --rm` of python3", words(&run), 40));
    }
    if peers.has("pyodide") && !report.is_quick {
        rivals.push(Peer::new("Pyodide in Node", in_node("pyodide", &py), 80));
    }
    let ratio = contest(report, "python", code, rivals).await;
    report.goal("Python hello through the socket, to `python3 -c`", ratio, "1/n", Bound::AtMost(1.0 / 20.0));
    let code = "console.log(\"hello\")";
    let native = words(&["node", "-e", code]);
    let mut rivals = vec![Peer::new("`node -e`", native.clone(), 8)];
    if peers.has("qjs") {
        rivals.push(Peer::new("`qjs -e`, native", words(&[&path("qjs"), "-e", code]), 2));
    }
    if peers.has("bwrap") {
        rivals.push(Peer::new("`node -e` under bubblewrap", wrapped(&native), 16));
        if peers.has("qjs") {
            rivals.push(Peer::new("`qjs -e` under bubblewrap", wrapped(&words(&[&path("qjs"), "-e", code])), 8));
        }
    }
    if !report.is_quick {
        for (name, title) in [("quickjs-emscripten", "quickjs-emscripten in Node"), ("starlingmonkey", "StarlingMonkey in Node")] {
            if peers.has(name) {
                rivals.push(Peer::new(title, in_node(name, &js), 40));
            }
        }
    }
    let ratio = contest(report, "javascript", code, rivals).await;
    report.goal("JavaScript hello through the socket, to `node -e`", ratio, "1/n", Bound::AtMost(1.0 / 120.0));
}

/// One warm connection against the rivals; the ratio to the first of them.
async fn contest(report: &mut Report, language: &str, code: &str, mut rivals: Vec<Peer>) -> f64 {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut ours = Times::default();
    for _ in 0..20 {
        once(&mut client, language, code).await;
    }
    for round in 0..report.rounds(400, 160) {
        ours.push(once(&mut client, language, code).await);
        for rival in rivals.iter_mut().filter(|rival| round % rival.every == 0) {
            rival.times.push(peers::timed(&rival.words));
        }
    }
    let mut rows = vec![row(&format!("Runnel, {language}"), &ours, &ours)];
    rows.extend(rivals.iter().map(|rival| row(&rival.name, &rival.times, &ours)));
    report.table(&["hello", "p50", "p99", "runs", "ours is"], rows);
    let mut bars = vec![Bar { name: format!("Runnel, {language}"), value: ours.ms(), is_ours: true }];
    bars.extend(rivals.iter().map(|rival| Bar { name: rival.name.replace('`', ""), value: rival.times.ms(), is_ours: false }));
    report.plot(&format!("hello-{language}"), &format!("Hello in {language}: median"), &Plot::Bars { unit: "ms", scale: Scale::Log, bars });
    ours.ms() / rivals[0].times.ms()
}

fn row(name: &str, times: &Times, ours: &Times) -> Vec<String> {
    let [p50, p99, count] = times.cells();
    let ratio = times.ms() / ours.ms();
    vec![name.to_owned(), p50, p99, count, if std::ptr::eq(times, ours) { String::new() } else { format!("1/{ratio:.1}") }]
}

async fn once(client: &mut Client, language: &str, code: &str) -> std::time::Duration {
    let start = Instant::now();
    client.run(json!({"language": language, "code": code})).await.succeeded();
    start.elapsed()
}

/// A server that is started for one run.
async fn cold(report: &mut Report) {
    let (mut listening, mut python, mut javascript) = (Times::default(), Times::default(), Times::default());
    for _ in 0..10 {
        for (language, code, times) in
            [("python", "print(\"hello\")", &mut python), ("javascript", "console.log(\"hello\")", &mut javascript)]
        {
            let start = Instant::now();
            let server = Server::start(&[]);
            listening.push(start.elapsed());
            let mut client = server.connect().await;
            once(&mut client, language, code).await;
            times.push(start.elapsed());
        }
    }
    let row = |name: &str, times: &Times| [vec![name.to_owned()], times.cells().to_vec()].concat();
    report.table(
        &["cold process: from the start of `runnel serve`, guests prepared", "p50", "p99", "starts"],
        vec![
            row("until it listens", &listening),
            row("until the result of a Python hello", &python),
            row("until the result of a JavaScript hello", &javascript),
        ],
    );
}

/// Every language that runs in containers: a hello that is new, and one that is known.
pub(crate) async fn languages(report: &mut Report) {
    const HELLOS: [(&str, &str, &str); 5] = [
        ("c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); }\n", "//"),
        ("cpp", "#include <iostream>\nint main() { std::cout << \"hello\\n\"; }\n", "//"),
        ("go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n", "//"),
        ("csharp", "class Hello { static void Main() { System.Console.WriteLine(\"hello\"); } }\n", "//"),
        ("bash", "echo hello\n", "#"),
    ];
    report.section("Hello in languages that run in containers");
    let built = crate::client::runnel().args(["toolchains", "build", "--engine", "docker"]).status().unwrap();
    assert!(built.success(), "these figures need Docker");
    let server = Server::spawn(&["--set", "docker.pool=2", "--set", "cells.count=1", "--set", "desk.live=64"]);
    tokio::time::sleep(std::time::Duration::from_secs(15)).await;
    let mut client = server.connect().await;
    let mut rows = Vec::new();
    for (language, code, comment) in HELLOS {
        let (mut new, mut known) = (Times::default(), Times::default());
        for round in 0..9 {
            for (code, times) in [(format!("{code}{comment} {round} {}\n", std::process::id()), &mut new), (code.to_owned(), &mut known)] {
                // The pool is full again: what is measured is a server that keeps up.
                tokio::time::sleep(std::time::Duration::from_millis(900)).await;
                let time = once(&mut client, language, &code).await;
                if round > 0 {
                    times.push(time);
                }
            }
        }
        rows.push(vec![
            language.to_owned(),
            told(new.p50()),
            told(new.p99()),
            told(known.p50()),
            told(known.p99()),
            new.count().to_string(),
        ]);
    }
    report.table(&["language", "new source, p50", "slowest", "known source, p50", "slowest", "runs of each"], rows);
}
