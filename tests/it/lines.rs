//! Output as numbered lines.

use crate::client::{Ran, Server};
use serde_json::{Value, json};

/// What was told of one stream: the lines in order, checked to be numbered without gaps and to end once.
#[track_caller]
fn lines(ran: &Ran, stream: &str, test: &Value) -> Vec<Value> {
    let all: Vec<&Value> =
        ran.frames.iter().filter(|frame| frame["type"] == "line" && frame["stream"] == stream && &frame["test"] == test).collect();
    for (pos, frame) in all.iter().enumerate() {
        assert_eq!((&frame["pos"], frame.get("eof").is_some()), (&json!(pos), pos + 1 == all.len()), "{frame}");
        assert!(frame["time_ns"].is_u64(), "{frame}");
    }
    all.iter().map(|frame| frame.get("data").unwrap_or(&frame["base64"]).clone()).collect()
}

const CODE: &str = "import sys, time\nprint('first', end='', flush=True)\ntime.sleep(0.05)\nprint(' line')\nprint('é' * 30, file=sys.stderr)\nprint()\nsys.stdout.buffer.write(b'\\xff\\xfe--------\\nlast')";

#[tokio::test]
async fn lines_come_whole_numbered_and_cut() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = client.run(json!({"language": "python", "code": CODE, "stream": "lines", "width": 10})).await;
    ran.succeeded();
    assert_eq!(lines(&ran, "stdout", &Value::Null), ["first line", "", "//4tLS0tLS0tLQ==", "last"], "{ran:#?}");
    assert_eq!(lines(&ran, "stderr", &Value::Null), [json!("é".repeat(10)), json!("")]);
    let cut: Vec<&Value> = ran.frames.iter().filter(|frame| frame.get("cut").is_some()).map(|frame| &frame["data"]).collect();
    assert_eq!(cut, [&json!("é".repeat(10))]);
    let kinds = ran.kinds();
    assert!(kinds[0] == "started" && kinds[1..kinds.len() - 1].iter().all(|kind| *kind == "line"), "{kinds:?}");
    assert_eq!(ran.execution()["stderr"], format!("{}\n", "é".repeat(30)));
    // A line's time is that of its beginning.
    let time = |at: usize| ran.frames.iter().filter(|frame| frame["stream"] == "stdout").nth(at).unwrap()["time_ns"].as_u64().unwrap();
    assert!(time(0) + 50_000_000 <= time(1), "{ran:#?}");
    // The usual width; and streams that nothing was written to.
    let ran = client.run(json!({"language": "js", "code": "console.log('x'.repeat(501))", "stream": "lines"})).await;
    assert_eq!(lines(&ran, "stdout", &Value::Null), [json!("x".repeat(500)), json!("")]);
    assert_eq!(lines(&ran, "stderr", &Value::Null), [""]);
    let ran = client.run(json!({"language": "python", "code": "print('here')\nprint('rest', end='', flush=True)\nwhile True: pass", "stream": "lines", "limits": {"time_ms": 300}})).await;
    assert_eq!((ran.status(), lines(&ran, "stdout", &Value::Null)), ("timeout", vec![json!("here"), json!("rest")]));
}

#[tokio::test]
async fn a_line_comes_as_soon_as_it_is_whole() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "print('prompt: ', end='')\nprint(input())\nprint('part', end='', flush=True)\ninput()";
    client.begin("r", json!({"language": "python", "code": code, "stream": "lines", "interactive": true})).await;
    client.next_of("waiting").await;
    client.send(json!({"type": "stdin", "id": "r", "data": "answer\n"})).await;
    assert_eq!(client.next_of("line").await["data"], "prompt: answer");
    client.next_of("waiting").await;
    client.send(json!({"type": "cancel", "id": "r"})).await;
    let ran = client.rest("r").await;
    assert_eq!((ran.kinds(), ran.status()), (vec!["line", "line", "result"], "cancelled"));
    assert_eq!((&ran.frames[0]["data"], &ran.frames[0]["eof"], &ran.frames[0]["pos"]), (&json!("part"), &json!(true), &json!(1)));
    // A program that was never started has no streams.
    client.begin("r", json!({"language": "python", "code": "1", "stream": "lines"})).await;
    client.send(json!({"type": "cancel", "id": "r"})).await;
    let ran = client.rest("r").await;
    let told = ran.kinds().iter().filter(|kind| **kind == "line").count();
    assert_eq!(told, if ran.kinds().contains(&"started") { 2 } else { 0 }, "{ran:#?}");
}

#[tokio::test]
async fn visible_tests_have_lines_of_their_own() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let tests = json!({
        "visible": [{"id": "a", "input": "1", "expected_output": "1\nend"}, {"id": "b", "input": "2"}],
        "hidden": [{"id": "h", "input": "3"}],
    });
    let code = "print(input())\nprint('end', end='')";
    let ran = client.run(json!({"language": "python", "code": code, "tests": tests, "stream": "lines"})).await;
    for (test, first) in [("a", "1"), ("b", "2")] {
        assert_eq!(lines(&ran, "stdout", &json!(test)), [first, "end"]);
        assert_eq!(lines(&ran, "stderr", &json!(test)), [""]);
        let last_line = ran.frames.iter().rposition(|frame| frame["type"] == "line" && frame["test"] == test);
        assert!(last_line < ran.frames.iter().position(|frame| frame["test"]["id"] == test), "{ran:#?}");
    }
    assert_eq!(ran.kinds().iter().filter(|kind| **kind == "line").count(), 6, "{ran:#?}");
    assert_eq!(ran.last()["test_results"]["visible"][0]["verdict"], "AC");
}

#[tokio::test]
async fn lines_as_events_and_from_containers() {
    let server = Server::start(&[]);
    let body = json!({"language": "python", "code": "print('a\\nb')", "stream": "lines"}).to_string();
    let (_, answer) = server.post("/v1/run", "Accept: text/event-stream\r\n", &body);
    assert_eq!(answer.matches("event: line\n").count(), 4, "{answer}");
    assert!(!answer.contains("event: stdout"), "{answer}");
    // Without events nobody sees them.
    let (status, answer) = server.post("/v1/run", "", &body);
    assert!(status == 200 && answer.contains(r#""stdout":"a\nb\n""#), "{answer}");
    if !crate::containers::docker() {
        return;
    }
    let server = crate::containers::server(&[]).await;
    let mut client = server.connect().await;
    let code = "#include <stdio.h>\nint main(void) { for (int i = 0; i < 20000; i++) printf(\"line %d\\n\", i); fputs(\"oops\", stderr); }";
    let ran = client.run(json!({"language": "c", "code": code, "stream": "lines", "width": 7})).await;
    let told = lines(&ran, "stdout", &Value::Null);
    assert_eq!((told.len(), &told[7], &told[19999], &told[20000]), (20001, &json!("line 7"), &json!("line 19"), &json!("")));
    assert_eq!(lines(&ran, "stderr", &Value::Null), ["oops"]);
    let ran = client.run(json!({"language": "c", "code": "int main(void) { return x; }", "stream": "lines"})).await;
    assert_eq!(ran.kinds(), ["started", "compiled", "result"], "no program, no streams");
}
