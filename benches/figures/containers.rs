//! Figures of languages that are compiled: a warm container against what a person would do by hand on this machine.

use crate::client::{Client, Server};
use crate::median;
use crate::report::Report;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
const CPP: &str = "#include <bits/stdc++.h>\nint main() { std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); for (int n : v) std::cout << n << '\\n'; }\n";
const GO: &str = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n";
/// Long enough for the pool to be full again: what is measured is a server that keeps up.
const REFILL: Duration = Duration::from_millis(900);

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("runnel-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn containers(report: &mut Report) {
    report.section("Compiled languages, against doing it by hand");
    let built = crate::client::runnel().args(["toolchains", "build", "--engine", "docker"]).status().unwrap();
    assert!(built.success(), "these figures need Docker");
    let server = Server::spawn(&["--set", "docker.pool=2", "--set", "cells.count=1", "--set", "desk.live=64"]);
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut client = server.connect().await;
    let scratch = Scratch::new();
    for line in compiled(&mut client, &scratch).await {
        report.say(line);
    }
    report.say(from_source(&mut client, &scratch, "c", HELLO, "gcc").await);
    report.say(from_source(&mut client, &scratch, "cpp", CPP, "g++").await);
    report.say(go(&mut client).await);
}

/// One run, from its frame.
struct Times {
    first_output: Duration,
    result: Duration,
    /// Of the program alone: from the frame that it was compiled to its result.
    program: Duration,
}

async fn timed(client: &mut Client, language: &str, code: &str, cached: bool) -> Times {
    tokio::time::sleep(REFILL).await;
    let start = Instant::now();
    client.begin("r", json!({"language": language, "code": code})).await;
    let (mut first, mut compiled) = (None, Duration::ZERO);
    loop {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "compiled" => {
                assert_eq!(frame["cached"], cached, "{frame}");
                compiled = start.elapsed();
            }
            "stdout" => drop(first.get_or_insert_with(|| start.elapsed())),
            "result" => {
                assert_eq!(frame["execution"]["status"], "success", "{frame:#}");
                let result = start.elapsed();
                return Times { first_output: first.unwrap(), result, program: result - compiled };
            }
            _ => {}
        }
    }
}

/// A program that was compiled before, against `docker run` of it.
async fn compiled(client: &mut Client, scratch: &Scratch) -> [String; 2] {
    std::fs::write(scratch.0.join("x.c"), HELLO).unwrap();
    let compiled = Command::new("gcc").args(["-O2", "-o", "hello", "x.c"]).current_dir(&scratch.0).status().unwrap();
    assert!(compiled.success());
    let mount = format!("{}:/hello:ro", scratch.0.join("hello").display());
    timed(client, "c", HELLO, false).await;
    let (mut programs, mut firsts, mut cached, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..15 {
        programs.push(timed(client, "c", &format!("{HELLO}// alone {round} {}\n", std::process::id()), false).await.program);
        let times = timed(client, "c", HELLO, true).await;
        firsts.push(times.first_output);
        cached.push(times.result);
        let start = Instant::now();
        let mut docker = Command::new("docker");
        docker.args(["run", "--rm", "--network", "none", "-v", &mount, "debian:bookworm-slim", "/hello"]);
        assert!(docker.stdout(Stdio::null()).status().unwrap().success());
        theirs.push(start.elapsed());
    }
    let (program, first, cached, theirs) = (median(programs), median(firsts), median(cached), median(theirs));
    let ratio = |ours: Duration| theirs.as_secs_f64() / ours.as_secs_f64();
    [
        format!(
            "A compiled C hello, executed in its warm container, from `compiled` to `result`: p50 {program:.2?}; `docker run --rm` of the same p50 {theirs:.2?}; ratio 1/{:.0}.",
            ratio(program)
        ),
        format!(
            "The same with sources that are known: first output p50 {first:.2?}, result p50 {cached:.2?}; ratio 1/{:.0}.",
            ratio(cached)
        ),
    ]
}

/// Source to result, each time another source, against the compiler of this machine and the program after it.
async fn from_source(client: &mut Client, scratch: &Scratch, language: &str, code: &str, compiler: &str) -> String {
    let file = format!("x.{language}");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..9 {
        let code = format!("{code}// {round} {}\n", std::process::id());
        ours.push(timed(client, language, &code, false).await.result);
        std::fs::write(scratch.0.join(&file), &code).unwrap();
        let start = Instant::now();
        assert!(Command::new(compiler).args(["-O2", &file]).current_dir(&scratch.0).status().unwrap().success());
        assert!(Command::new(scratch.0.join("a.out")).stdout(Stdio::null()).status().unwrap().success());
        theirs.push(start.elapsed());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    format!("{language} source to result: p50 {ours:.2?}; `{compiler} -O2 {file} && ./a.out` p50 {theirs:.2?}; ratio {ratio:.2}.")
}

/// The same for Go, whose compiler is in its image only: `go build` there with a cache that is warm, timed inside.
async fn go(client: &mut Client) -> String {
    let mut ours = Vec::new();
    for round in 0..9 {
        ours.push(timed(client, "go", &format!("{GO}// {round} {}\n", std::process::id()), false).await.result);
    }
    let image = {
        let listed = Command::new("docker").args(["images", "--format", "{{.Repository}}:{{.Tag}}", "runnel-go"]).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().lines().next().unwrap().to_owned()
    };
    let script = "mkdir /tmp/x && cd /tmp/x && export GOCACHE=/tmp/cache GO111MODULE=off HOME=/tmp && cat > x.go && go build -o x x.go && \
        for i in $(seq 15); do echo \"// $i\" >> x.go; a=$(date +%s%N); go build -o x x.go && ./x > /dev/null; b=$(date +%s%N); echo $((b - a)); done";
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "-i", "--network", "none", &image, "bash", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = docker.spawn().unwrap();
    std::io::Write::write_all(&mut process.stdin.take().unwrap(), GO.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs = median(text.lines().map(|line| Duration::from_nanos(line.parse().unwrap())).collect());
    let ours = median(ours);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    format!("go source to result: p50 {ours:.2?}; `go build && ./x` with a warm cache p50 {theirs:.2?}; ratio {ratio:.2}.")
}
