//! Faults and load together: many clients that run, wait, vanish, stop reading or talk nonsense, while cells and
//! containers are killed under them. Whoever stays gets exactly one end for each run, and never a wrong one; afterwards
//! nothing is left. `RUNNEL_TEST_FAULTS_S=60` makes it long, with 500 clients, who need as long again to come to their ends.

use crate::client::{Client, Server, children};
use crate::containers::{containers_of, docker, until_gone, until_known};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Equal ones, so that what grows is seen to.
const PHASES: u32 = 3;
/// What may be open after a phase that was not before it, whatever came and went.
const MORE_DESCRIPTORS: usize = 8;
const MORE_THREADS: usize = 4;
/// What a server may hold more, in KiB: allocators keep some of what was used at once.
const MORE_MEMORY_KB: u64 = 24 << 10;

/// What all clients have in common.
struct Trouble {
    server: Server,
    with_docker: bool,
    is_over: AtomicBool,
    /// Runs that ended as they should, that were lost with their cell or container, and that were refused.
    well: AtomicUsize,
    lost: AtomicUsize,
    refused: AtomicUsize,
}

/// Numbers without a pattern, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// A run, and the status that it has unless something is killed under it.
struct Try {
    job: Value,
    expected: &'static [&'static str],
    /// What a success must have printed: nobody else's number.
    token: String,
    /// It asks for its number when it runs.
    asks: bool,
}

impl Try {
    fn new(dice: &mut Dice, number: u64, with_docker: bool) -> Self {
        let token = (number * 7919 + 13).to_string();
        let python = |rest: &str| json!({"language": "python", "code": format!("{rest}\nprint({number} * 7919 + 13)")});
        let javascript = |rest: &str| json!({"language": "javascript", "code": format!("{rest}\nconsole.log({number} * 7919 + 13)")});
        let (job, expected): (Value, &[&str]) = match dice.below(20) {
            0..=3 => (python(""), &["success"]),
            4..=7 => (javascript(""), &["success"]),
            8..=9 => (python("import time\ntime.sleep(0.1)"), &["success"]),
            10..=11 => (json!({"language": "python", "code": "print(int(input()) * 7919 + 13)", "interactive": true}), &["success"]),
            12 => (json!({"language": "python", "code": "while True: pass", "limits": {"time_ms": 50}}), &["timeout"]),
            13 => (json!({"language": "javascript", "code": "for (;;) console.log('x')", "limits": {"output_kb": 64}}), &["output_limit"]),
            14 => (
                json!({"language": "python", "code": "x = []\nwhile True: x.append(bytearray(1 << 20))", "limits": {"memory_mb": 80}}),
                &["memory_limit"],
            ),
            15 => (json!({"language": "javascript", "code": "throw new Error('x')"}), &["error"]),
            16 if with_docker => (json!({"language": "bash", "code": format!("echo $(({number} * 7919 + 13))")}), &["success"]),
            17 if with_docker => (
                json!({"language": "c", "code": "#include <stdio.h>\nint main(void) { long n; scanf(\"%ld\", &n); printf(\"%ld\\n\", n * 7919 + 13); }", "interactive": true}),
                &["success"],
            ),
            _ => (javascript("let n = 0; for (let i = 0; i < 100000; i++) n += i;"), &["success"]),
        };
        let asks = job["interactive"] == true;
        Self { job, expected, token, asks }
    }
}

impl Trouble {
    /// One client after the other on one place, until it is over.
    async fn clients(self: Arc<Self>, place: u64) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (place + 1) << 20);
        let mut number = place * 1_000_000;
        while !self.is_over.load(Ordering::Relaxed) {
            number += 100;
            match dice.below(10) {
                0 => self.vanish(&mut dice, number).await,
                1 => self.never_read().await,
                2 => self.talk_nonsense(&mut dice).await,
                3 => self.cancel(number).await,
                _ => self.stay(&mut dice, number).await,
            }
        }
    }

    /// Several runs at once, each to its end.
    async fn stay(&self, dice: &mut Dice, number: u64) {
        let mut client = self.server.connect().await;
        let mut live = HashMap::new();
        for n in 0..1 + dice.below(6) {
            let id = (number + n).to_string();
            let attempt = Try::new(dice, number + n, self.with_docker);
            client.begin(&id, attempt.job.clone()).await;
            live.insert(id, attempt);
        }
        while !live.is_empty() {
            let frame = client.next().await;
            let id = frame["id"].as_str().unwrap();
            let attempt = live.get(id).unwrap_or_else(|| panic!("after the end, or nobody's: {frame:#}"));
            match frame["type"].as_str().unwrap() {
                "result" => {
                    self.judge(attempt, &frame);
                    live.remove(id);
                }
                "error" => {
                    self.refuse(attempt, &frame);
                    // Input for a run that was lost in between is refused, and the run has its end all the same.
                    if frame["code"] != "not_running" {
                        live.remove(id);
                    }
                }
                "waiting" if attempt.asks => {
                    let input = format!("{id}\n");
                    client.send(json!({"type": "stdin", "id": id, "data": input, "eof": true})).await;
                }
                _ => {}
            }
        }
        // Answered in order: whatever came twice would come before this.
        client.send(json!({"type": "clock", "time_ms": 0})).await;
        loop {
            let frame = client.next().await;
            match frame["type"].as_str().unwrap() {
                "clock" => return,
                "error" if frame["code"] == "not_running" => {}
                _ => panic!("after the end: {frame:#}"),
            }
        }
    }

    fn judge(&self, attempt: &Try, frame: &Value) {
        let execution = &frame["execution"];
        let status = execution["status"].as_str().unwrap();
        if status == "internal" {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        assert!(attempt.expected.contains(&status), "not {:?}: {frame:#}\n{}", attempt.expected, attempt.job);
        if status == "success" {
            assert_eq!(execution["stdout"].as_str().unwrap().trim(), attempt.token, "{frame:#}");
        }
        self.well.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse(&self, attempt: &Try, frame: &Value) {
        let code = frame["code"].as_str().unwrap();
        assert!(["busy", "not_running", "language_unavailable"].contains(&code), "{frame:#}\n{}", attempt.job);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Gone in the middle of what it asked for.
    async fn vanish(&self, dice: &mut Dice, number: u64) {
        let mut client = self.server.connect().await;
        for n in 0..1 + dice.below(4) {
            client.begin(&n.to_string(), Try::new(dice, number + n, self.with_docker).job).await;
        }
        if dice.below(2) == 0 {
            client.next().await;
        }
    }

    /// Lets a program print into nothing for a while.
    async fn never_read(&self) {
        let mut client = self.server.connect().await;
        let code = "for (;;) console.log('x'.repeat(1000))";
        client.begin("flood", json!({"language": "javascript", "code": code, "limits": {"output_kb": 100_000}})).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    async fn talk_nonsense(&self, dice: &mut Dice) {
        use tokio::io::AsyncWriteExt;
        use tokio_tungstenite::tungstenite::Message;
        match dice.below(4) {
            0 => {
                let mut client = self.server.connect().await;
                for text in ["", "{", "[]", "{\"type\": 5}", "{\"type\": \"run\", \"id\": \"\", \"x\": 1}", "\u{0}"] {
                    client.send_text(text).await;
                    assert_eq!(client.next().await["type"], "error", "{text}");
                }
            }
            1 => {
                let mut client = self.server.connect().await;
                futures_util::SinkExt::send(&mut client.socket, Message::binary(vec![0; 100])).await.unwrap();
                client.closed().await;
            }
            // Half a handshake, and bytes that never were one.
            2 => {
                let mut stream = tokio::net::TcpStream::connect(&self.server.address).await.unwrap();
                stream.write_all(b"GET /v1/connect HTTP/1.1\r\nUpgrade: websocket\r\n").await.unwrap();
            }
            _ => {
                let mut stream = tokio::net::TcpStream::connect(&self.server.address).await.unwrap();
                let noise: Vec<u8> = (0..2000).map(|_| dice.below(256) as u8).collect();
                let _ = stream.write_all(&noise).await;
            }
        }
    }

    async fn cancel(&self, number: u64) {
        let mut client = self.server.connect().await;
        let id = number.to_string();
        client.begin(&id, json!({"language": "python", "code": "import time\ntime.sleep(30)", "limits": {"wall_ms": 60_000}})).await;
        client.send(json!({"type": "cancel", "id": id})).await;
        let frame = client.rest(&id).await.last().clone();
        match frame["type"].as_str().unwrap() {
            "result" => {
                let status = frame["execution"]["status"].as_str().unwrap();
                assert!(["cancelled", "internal"].contains(&status), "{frame:#}");
            }
            _ => assert_eq!(frame["code"], "busy", "{frame:#}"),
        }
    }

    /// Kills what the server works with, one after the other.
    async fn kill(self: Arc<Self>) -> usize {
        let (mut dice, mut killed) = (Dice(77), 0);
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let cells = self.server.cells();
            if !cells.is_empty() {
                let cell = cells[dice.below(cells.len() as u64) as usize];
                killed += usize::from(quiet(Command::new("kill").args(["-KILL", &cell.to_string()])));
            }
            if self.with_docker && dice.below(3) == 0 {
                let process = self.server.process.id();
                let container = tokio::task::spawn_blocking(move || containers_of(process).first().cloned()).await.unwrap();
                if let Some((id, _)) = container.as_deref().and_then(|line| line.split_once(' ')) {
                    let id = id.to_owned();
                    // It may have ended by itself.
                    killed +=
                        usize::from(tokio::task::spawn_blocking(move || quiet(Command::new("docker").args(["kill", &id]))).await.unwrap());
                }
            }
        }
        killed
    }

    /// All of it at once, for this long; how often something was killed.
    async fn phase(self: &Arc<Self>, clients: u64, time: Duration) -> usize {
        self.is_over.store(false, Ordering::Relaxed);
        let mut tasks = tokio::task::JoinSet::new();
        for place in 0..clients {
            tasks.spawn(self.clone().clients(place));
        }
        let killer = tokio::spawn(self.clone().kill());
        let end = Instant::now() + time;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end.into(), tasks.join_next()).await {
            ended.unwrap();
        }
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        killer.await.unwrap()
    }

    /// Waits until nobody runs any more, and counts what is left.
    async fn left(&self) -> Left {
        let process = self.server.process.id();
        for _ in 0..1200 {
            let load: Value = serde_json::from_str(&self.server.get("/v1/glance").1).unwrap();
            if load["live"] == 0 && load["queued"] == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if self.with_docker {
            until_gone(process).await;
        }
        // Cells that were killed are being replaced, and sockets of clients that are gone are being noticed.
        let mut left = Left::count(process);
        for _ in 0..200 {
            if left.cells == 2 && left.descriptors < 64 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            left = Left::count(process);
        }
        left
    }
}

/// What a server holds.
#[derive(Debug)]
struct Left {
    cells: usize,
    descriptors: usize,
    threads: usize,
    memory_kb: u64,
}

impl Left {
    fn count(process: u32) -> Self {
        let entries = |name: &str| std::fs::read_dir(format!("/proc/{process}/{name}")).unwrap().count();
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
        let dirty = rollup.lines().find_map(|line| line.strip_prefix("Private_Dirty:")).unwrap();
        let memory_kb = dirty.split_whitespace().next().unwrap().parse().unwrap();
        Self { cells: children(process).len(), descriptors: entries("fd"), threads: entries("task"), memory_kb }
    }
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[tokio::test]
async fn nothing_is_lost_or_left_whatever_happens() {
    let seconds = std::env::var("RUNNEL_TEST_FAULTS_S").ok().map(|seconds| seconds.parse::<u64>().unwrap());
    let (time, clients) = seconds.map_or((Duration::from_secs(24), 60), |seconds| (Duration::from_secs(seconds), 500));
    crate::client::prepare();
    let with_docker = docker();
    let enabled = format!("docker.enabled={with_docker}");
    let server = Server::spawn(&["--set", &enabled, "--set", "docker.pool=0", "--set", "cells.count=2"]);
    until_known(&server).await;
    let [well, lost, refused] = [(); 3].map(|()| AtomicUsize::new(0));
    let trouble = Arc::new(Trouble { server, with_docker, is_over: AtomicBool::new(false), well, lost, refused });
    let (mut killed, mut left) = (0, Vec::new());
    for _ in 0..PHASES {
        killed += trouble.phase(clients, time / PHASES).await;
        left.push(trouble.left().await);
        let [well, lost, refused] = [&trouble.well, &trouble.lost, &trouble.refused].map(|count| count.load(Ordering::Relaxed));
        eprintln!("{clients} clients, {killed} killed: {well} runs as they should, {lost} lost, {refused} refused; {:?}", left.last());
    }
    let [well, lost] = [&trouble.well, &trouble.lost].map(|count| count.load(Ordering::Relaxed));
    assert!(killed > 5 && well > 100, "too little happened");
    assert!(lost < well, "more was lost than not");
    // What the first phase needs once, the others need too: more than that is a leak.
    let (before, after) = (&left[0], &left[left.len() - 1]);
    assert_eq!((before.cells, after.cells), (2, 2), "{left:?}");
    assert!(after.descriptors <= before.descriptors + MORE_DESCRIPTORS, "{left:?}");
    assert!(after.threads <= before.threads + MORE_THREADS, "{left:?}");
    assert!(after.memory_kb <= before.memory_kb + MORE_MEMORY_KB, "{left:?}");
    // And it works.
    let mut client: Client = trouble.server.connect().await;
    client.python("print(1)").await.succeeded();
}
