//! Output and input: MB/s to a client that reads, of the link alone, to a client that does not; round trips.

use crate::cell::Cell;
use crate::client::{Client, Server};
use crate::peers;
use crate::plot::number;
use crate::report::{Bound, Report, Times, middle, milliseconds};
use crate::throughput;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

const PYTHON: &str = "import sys\nx = 'x' * 1048575 + '\\n'\nfor i in range(MEGABYTES): sys.stdout.write(x)";
const JAVASCRIPT: &str = "const x = 'x'.repeat(1048575) + '\\n';\nfor (let i = 0; i < MEGABYTES; i++) process.stdout.write(x);";

pub(crate) async fn output(report: &mut Report) {
    report.section("Output and input");
    report.say("A program that prints lines of 1 MB. Of the link alone: a cell whose frames are read and given credit by a loop that does nothing else; to the client: frames read to their end, as JSON, by a client that shares the two cores.");
    let megabytes = report.rounds(200, 100);
    let (mut rows, mut slowest) = (Vec::new(), [f64::MAX; 2]);
    for (language, main, code) in [("python", "main.py", PYTHON), ("javascript", "main.js", JAVASCRIPT)] {
        let code = code.replace("MEGABYTES", &megabytes.to_string());
        let mut cell = Cell::start();
        let server = Server::start(&[]);
        let mut client = server.connect().await;
        let (mut link, mut raw, mut parsed, mut pipe) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let words =
            if language == "python" { vec![peers::python(), "-c".to_owned(), code.clone()] } else { peers::words(&["node", "-e", &code]) };
        for _ in 0..report.rounds(5, 3) {
            let execution = cell.run(language, main, code.as_bytes(), None);
            assert_eq!(execution.bytes, megabytes << 20, "{:?}", execution.facts);
            link.push(execution.bytes as f64 / 1e6 / execution.whole.as_secs_f64());
            raw.push(read(&mut client, language, &code, false).await);
            parsed.push(read(&mut client, language, &code, true).await);
            pipe.push(piped(&words));
        }
        let [link, raw, parsed, pipe] = [link, raw, parsed, pipe].map(middle);
        slowest = [slowest[0].min(link), slowest[1].min(parsed)];
        rows.push([vec![language.to_owned()], [link, raw, parsed, pipe].iter().map(|rate| format!("{rate:.0} MB/s")).collect()].concat());
    }
    report.table(&["language", "link alone", "client, frames only read", "client, frames parsed", "native process into a pipe"], rows);
    report.goal("output of the link alone", slowest[0], "MB/s", Bound::AtLeast(200.0));
    report.goal("output to a client that reads", slowest[1], "MB/s", Bound::AtLeast(100.0));
    trips(report).await;
    if !report.is_quick {
        flood(report).await;
    }
}

/// MB/s of one run's output to a client.
async fn read(client: &mut Client, language: &str, code: &str, parsed: bool) -> f64 {
    let limits = json!({"output_kb": 1_048_576, "time_ms": 60_000, "wall_ms": 300_000});
    client.begin("r", json!({"language": language, "code": code, "limits": limits})).await;
    let (mut start, mut bytes) = (None, 0);
    loop {
        let Some(Ok(Message::Text(text))) = client.socket.next().await else { continue };
        start.get_or_insert_with(Instant::now);
        let is_result = text.starts_with("{\"type\":\"result\"");
        if parsed || is_result {
            let frame: Value = serde_json::from_str(&text).unwrap();
            match frame["type"].as_str().unwrap() {
                "stdout" => bytes += frame["data"].as_str().unwrap().len(),
                "result" => {
                    assert_eq!(frame["execution"]["status"], "success", "{frame}");
                    break;
                }
                _ => {}
            }
        } else {
            bytes += text.len();
        }
    }
    bytes as f64 / 1e6 / start.unwrap().elapsed().as_secs_f64()
}

fn piped(words: &[String]) -> f64 {
    let mut process = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = process.stdout.take().unwrap();
    let (mut buffer, mut bytes) = (vec![0; 256 << 10], 0);
    let mut start = None;
    loop {
        let count = stdout.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        start.get_or_insert_with(Instant::now);
        bytes += count;
    }
    process.wait().unwrap();
    bytes as f64 / 1e6 / start.unwrap().elapsed().as_secs_f64()
}

/// A line to a program that echoes it, and back.
async fn trips(report: &mut Report) {
    const ECHO_PYTHON: &str = "import sys\nfor line in sys.stdin:\n  sys.stdout.write(line)\n  sys.stdout.flush()\n";
    const ECHO_JAVASCRIPT: &str = "require('readline').createInterface({input: process.stdin}).on('line', (line) => console.log(line))";
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut rows = Vec::new();
    for (language, code) in [("python", ECHO_PYTHON), ("javascript", ECHO_JAVASCRIPT)] {
        let words = if language == "python" {
            vec![peers::python(), "-c".to_owned(), code.to_owned()]
        } else {
            peers::words(&["node", "-e", code])
        };
        let mut process = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut to, mut from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        client.begin("r", json!({"language": language, "code": code, "interactive": true, "limits": {"wall_ms": 60_000}})).await;
        client.next_of("waiting").await;
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        for round in 0..report.rounds(1000, 300) + 20 {
            let start = Instant::now();
            client.send(json!({"type": "stdin", "id": "r", "data": "a line\n"})).await;
            client.next_of("stdout").await;
            let trip = start.elapsed();
            client.next_of("waiting").await;
            let start = Instant::now();
            to.write_all(b"a line\n").unwrap();
            from.read_line(&mut String::new()).unwrap();
            if round >= 20 {
                ours.push(trip);
                theirs.push(start.elapsed());
            }
        }
        client.send(json!({"type": "stdin", "id": "r", "data": "", "eof": true})).await;
        client.rest("r").await;
        drop(to);
        process.wait().unwrap();
        rows.push([vec![language.to_owned()], ours.cells().to_vec(), theirs.cells()[..2].to_vec()].concat());
    }
    report.table(&["stdin to stdout, a line there and back", "p50", "p99", "trips", "native process over pipes, p50", "p99"], rows);
}

/// A program that prints 1 GB to a client that does not read.
async fn flood(report: &mut Report) {
    let server = Server::start(&[]);
    let mut client: Client = server.connect().await;
    // Both cells have run something: what the first program of a cell costs is not this one's.
    throughput::rate(&server, "python", "print(1)", 50).await;
    let before = server.memory();
    let code = PYTHON.replace("MEGABYTES", "1000");
    let limits = json!({"output_kb": 1_048_576, "time_ms": 60_000, "wall_ms": 300_000});
    client.begin("r", json!({"language": "python", "code": code, "limits": limits})).await;
    client.next_of("started").await;
    let mut most = 0;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(server.memory().saturating_sub(before));
    }
    report.say(format!(
        "1 GB printed to a client that does not read: server and cells grow by {} MB, the program's own included.",
        number(most as f64 / 1024.0)
    ));
}

/// How long after its limit each kind of program is ended, as its client sees it.
pub(crate) async fn limits(report: &mut Report) {
    report.section("How long after its limit a program is ended");
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases: [(&str, &str, Value, &str); 6] = [
        ("busy loop", "while True: pass", json!({"time_ms": 300}), "python"),
        ("catastrophic regex", "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", json!({"time_ms": 300}), "python"),
        ("huge integer", "x = 3 ** 10_000_000", json!({"time_ms": 300}), "python"),
        ("time.sleep(60)", "import time\ntime.sleep(60)", json!({"time_ms": 300, "wall_ms": 300}), "python"),
        ("busy loop", "for (;;);", json!({"time_ms": 300}), "javascript"),
        ("catastrophic regex", "/(a+)+$/.test('a'.repeat(60) + 'b')", json!({"time_ms": 300}), "javascript"),
    ];
    let mut rows = Vec::new();
    for (name, code, limits, language) in cases {
        let mut late = Times::default();
        for _ in 0..7 {
            client.send(json!({"type": "run", "id": "r", "language": language, "code": code, "limits": limits})).await;
            let start = Instant::now();
            let ran = client.rest("r").await;
            assert_eq!(ran.status(), "timeout");
            late.push(start.elapsed().saturating_sub(Duration::from_millis(300)));
        }
        rows.push(vec![
            format!("{language}, {name}"),
            format!("{:.1} ms", late.ms()),
            format!("{:.1} ms", milliseconds(late.p99())),
            "7".to_owned(),
        ]);
    }
    report.table(&["limit of 300 ms", "late by, median", "worst", "runs"], rows);
}
