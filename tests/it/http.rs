//! The HTTP door: one request, one run.

use crate::client::{Answer, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

fn post(server: &Server, body: &Value) -> Answer {
    Answer::read(server.begin_request("POST", "/v1/run", "Content-Type: application/json\r\n", &body.to_string()))
}

/// What two runs of one program can't have in common.
fn without_measures(mut result: Value) -> Value {
    result.as_object_mut().unwrap().remove("type");
    for field in ["execution_time_ms", "cpu_time_ms", "wall_time_ms", "queue_time_ms", "memory_usage_mb"] {
        assert!(result["execution"].as_object_mut().unwrap().remove(field).unwrap().is_number(), "{field}");
    }
    result
}

#[tokio::test]
async fn a_result_has_the_fields_of_the_sockets() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let jobs = [
        json!({"language": "python", "code": "import sys\nprint(input())\nprint('e', file=sys.stderr)\nsys.exit(3)", "stdin": "héllo\n", "meta": {"n": 1.50}}),
        json!({"language": "js", "files": {"a.js": "console.log(require('fs').readFileSync('b', 'utf8'))", "b": "x"}, "main": "a.js"}),
        json!({"language": "python", "code": "while True: pass", "limits": {"time_ms": 100}}),
        json!({"language": "python", "code": "import sys\nsys.stdout.buffer.write(b'\\xff')", "stream": true}),
        json!({"language": "python", "code": "import random\nprint(random.random())", "deterministic": {"seed": 7}, "type": "run"}),
    ];
    for mut job in jobs {
        let by_socket = client.run(job.clone()).await;
        job["id"] = "r".into();
        let answer = post(&server, &job);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.text());
        assert_eq!(without_measures(answer.json()), without_measures(by_socket.last().clone()));
    }
    let made_up = post(&server, &json!({"language": "python", "code": "1"})).json();
    assert!(!made_up["id"].as_str().unwrap().is_empty());
    // The other path, and a client that does not say what it sends.
    let answer = server.ask("POST", "/run", "", r#"{"language": "js", "code": "console.log(1)"}"#);
    assert_eq!((answer.status, &answer.json()["execution"]["stdout"]), (200, &json!("1\n")));
}

#[tokio::test]
async fn the_older_form() {
    let server = Server::start(&[]);
    let answer = post(&server, &json!({"language": "python", "code": "while True: pass", "timeout_seconds": 0.15})).json();
    assert_eq!(answer["execution"]["status"], "timeout");
    let code = "x = bytearray(80 << 20)";
    let answer = post(&server, &json!({"language": "python", "code": code, "memory_limit_mb": 64})).json();
    assert_eq!(answer["execution"]["status"], "memory_limit");
    let answer = post(
        &server,
        &json!({"language": "python", "code": code, "memory_limit_mb": 256, "timeout_seconds": 5, "limits": {"output_kb": 1}}),
    );
    assert_eq!(answer.json()["execution"]["status"], "success");
    let both = [
        json!({"timeout_seconds": 1, "limits": {"time_ms": 1000}}),
        json!({"timeout_seconds": 1, "limits": {"wall_ms": 1000}}),
        json!({"memory_limit_mb": 64, "limits": {"memory_mb": 64}}),
    ];
    for mut job in both {
        job.as_object_mut().unwrap().extend([("language".to_owned(), json!("python")), ("code".to_owned(), json!("1"))]);
        let answer = post(&server, &job);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("bad_field")), "{job}");
    }
    let answer = post(&server, &json!({"language": "python", "code": "1", "timeout_seconds": 3600}));
    assert_eq!(answer.json()["error"]["details"], json!({"field": "limits.time_ms", "limit": 60000, "given": 3_600_000}));
}

#[tokio::test]
async fn refusals_have_a_status() {
    let server = Server::start(&["--set", "connection.max_frame_kb=64"]);
    let cases = [
        ("not json".to_owned(), 400, "bad_json"),
        ("[]".to_owned(), 400, "bad_json"),
        (String::new(), 400, "bad_json"),
        (r#"{"language": "python", "code": "1", "code": "2"}"#.to_owned(), 400, "bad_field"),
        (json!({"language": "cobol", "code": "1"}).to_string(), 400, "unknown_language"),
        (json!({"language": "python"}).to_string(), 400, "missing_field"),
        (json!({"language": "python", "code": "1", "colour": "red"}).to_string(), 400, "bad_field"),
        (json!({"language": "python", "code": "1", "interactive": true}).to_string(), 400, "bad_field"),
        (json!({"type": "cancel", "id": "x"}).to_string(), 400, "bad_field"),
        (json!({"language": "c", "code": "int main(){}"}).to_string(), 503, "language_unavailable"),
        (json!({"language": "python", "code": "#".repeat(65 << 10)}).to_string(), 413, "too_large"),
        (json!({"language": "python", "code": "#".repeat(9 << 20)}).to_string(), 413, "too_large"),
    ];
    for accept in ["", "Accept: text/event-stream\r\n"] {
        for (body, status, code) in &cases {
            let answer = server.ask("POST", "/v1/run", accept, body);
            let error = &answer.json()["error"];
            assert_eq!((answer.status, &error["code"]), (*status, &json!(code)), "{:.80}: {}", body, answer.text());
            assert!(!error["message"].as_str().unwrap().is_empty());
        }
    }
    let answer = server.ask("POST", "/v1/run", "Content-Type: application/x-www-form-urlencoded\r\n", "{}");
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (415, &json!("bad_json")));
    // A body whose size is not told.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "POST /run HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for _ in 0..3 {
        write!(stream, "8000\r\n{}\r\n", "x".repeat(0x8000)).unwrap();
    }
    write!(stream, "0\r\n\r\n").unwrap();
    let answer = Answer::read(stream);
    assert_eq!((answer.status, &answer.json()["error"]["details"]["limit"]), (413, &json!(65536)));
    for path in ["/v1/run", "/run"] {
        assert_eq!(server.get(path).0, 405);
    }
    let answer = post(&server, &json!({"language": "python", "code": "print('alive')"}));
    assert_eq!(answer.json()["execution"]["stdout"], "alive\n");
}

#[tokio::test]
async fn events_come_as_on_the_socket() {
    let server = Server::start(&[]);
    let job = json!({"id": "r", "language": "python", "code": "import sys\nprint(1, flush=True)\nprint(2, file=sys.stderr)\nimport time\ntime.sleep(0.05)\nprint('drei\\n')", "meta": 7});
    let answer = server.ask("POST", "/v1/run", "Accept: text/event-stream, */*;q=0.1\r\n", &job.to_string());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")), "{}", answer.head);
    let mut frames = Vec::new();
    for event in answer.text().split_terminator("\n\n").filter(|event| !event.starts_with(':')) {
        let (kind, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let frame: Value = serde_json::from_str(data).unwrap();
        assert_eq!((frame["type"].as_str(), &frame["id"]), (Some(kind), &json!("r")));
        frames.push(frame);
    }
    let kinds: Vec<_> = frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["started", "stdout", "stderr", "stdout", "result"]);
    assert_eq!((&frames[3]["data"], &frames[3]["seq"]), (&json!("drei\n\n"), &json!(2)));
    let result = frames.last().unwrap();
    assert_eq!((&result["execution"]["stdout"], &result["meta"]), (&json!("1\ndrei\n\n"), &json!(7)));
}

/// How many runs live, as the server tells it.
fn live(server: &Server) -> u64 {
    serde_json::from_str::<Value>(&server.get("/readyz").1).unwrap()["live"].as_u64().unwrap()
}

async fn until_live(server: &Server, count: u64) {
    for _ in 0..600 {
        if live(server) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} runs live, not {count}", live(server));
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_run() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=1", "--set", "desk.busy_per_cell=1"]);
    let job = json!({"language": "python", "code": "print('here', flush=True)\nwhile True: pass", "limits": {"time_ms": 60000, "wall_ms": 300_000}});
    for accept in ["", "Accept: text/event-stream\r\n"] {
        let stream = server.begin_request("POST", "/v1/run", accept, &job.to_string());
        until_live(&server, 1).await;
        if !accept.is_empty() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().contains("here")));
        }
        drop(stream);
        until_live(&server, 0).await;
        // Its place is free for the next one.
        let answer = post(&server, &json!({"language": "python", "code": "print('free')"}));
        assert_eq!(answer.json()["execution"]["stdout"], "free\n");
    }
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=1", "--set", "desk.queue=0"]);
    let long = json!({"language": "python", "code": "while True: pass", "limits": {"time_ms": 60000, "wall_ms": 300_000}});
    let stream = server.begin_request("POST", "/v1/run", "", &long.to_string());
    until_live(&server, 1).await;
    let answer = post(&server, &json!({"language": "python", "code": "1"}));
    assert_eq!((answer.status, answer.header("retry-after"), &answer.json()["error"]["code"]), (429, Some("1"), &json!("busy")));
    assert_eq!(answer.json()["error"]["details"]["retry_after_ms"], 1000);
    drop(stream);
}

#[tokio::test]
async fn a_draining_server_ends_what_runs_and_refuses_what_comes() {
    let mut server = Server::start(&[]);
    let slow = json!({"language": "python", "code": "import time\ntime.sleep(1)\nprint('done')"});
    let running = server.begin_request("POST", "/v1/run", "", &slow.to_string());
    until_live(&server, 1).await;
    // A request whose body comes later.
    let body = json!({"language": "python", "code": "1"}).to_string();
    let mut late = TcpStream::connect(&server.address).unwrap();
    write!(late, "POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.signal("-TERM");
    while TcpStream::connect(&server.address).is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    write!(late, "{body}").unwrap();
    let answer = Answer::read(late);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (503, &json!("shutting_down")));
    assert_eq!(Answer::read(running).json()["execution"]["stdout"], "done\n");
    assert!(server.process.wait().unwrap().success());
}

#[tokio::test]
async fn a_run_that_outlasts_the_grace_time_is_cancelled() {
    let mut server = Server::start(&["--set", "connection.grace_ms=300"]);
    let long = json!({"language": "python", "code": "print('kept')\nwhile True: pass", "limits": {"time_ms": 60000, "wall_ms": 300_000}});
    let running = server.begin_request("POST", "/v1/run", "", &long.to_string());
    until_live(&server, 1).await;
    // Long enough for its output to be there.
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.signal("-TERM");
    let answer = Answer::read(running).json();
    assert_eq!((&answer["execution"]["status"], &answer["execution"]["stdout"]), (&json!("cancelled"), &json!("kept\n")));
    assert!(server.process.wait().unwrap().success());
}

#[tokio::test]
async fn tests_are_judged_and_told() {
    let server = Server::start(&[]);
    let job = json!({"language": "python", "code": "print(int(input()) * 2)", "tests": {
        "visible": [{"id": "t", "input": "2", "expected_output": "4"}], "hidden": [{"id": "h", "input": "3", "expected_output": "7"}]}});
    let result = post(&server, &job).json();
    let test = &result["test_results"]["visible"][0];
    assert_eq!(
        (&test["verdict"], &test["actual_output"], &result["summary"]["verdict"]),
        (&json!("AC"), &json!("4\n"), &json!("WA")),
        "{result}"
    );
    let answer = server.ask("POST", "/v1/run", "Accept: text/event-stream\r\n", &job.to_string());
    assert_eq!(answer.text().matches("event: test\n").count(), 2, "{}", answer.text());
    // Nothing of a hidden test but how it went.
    assert!(answer.text().contains(r#""visible_passed":1,"visible_failed":0,"hidden_passed":0,"hidden_failed":1"#), "{}", answer.text());
    for text in [answer.text(), &result.to_string()] {
        assert!(!text.contains("6\\n") && !text.contains("\"7\""), "{text}");
    }
}
