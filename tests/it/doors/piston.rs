//! Piston's API v2.

use super::{ask, ask_with, drive_node, drive_python};
use crate::client::Server;
use crate::containers;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const EXECUTE: &str = "/api/v2/execute";

/// A request that is sound.
fn python(code: &str, more: Value) -> Value {
    let mut body = json!({"language": "python", "version": "*", "files": [{"content": code}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn execute(server: &Server, body: &Value) -> Value {
    let answer = ask(server, "POST", EXECUTE, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn runtimes_and_packages() {
    let server = Server::start(&[]);
    for path in ["/api/v2/runtimes", "/api/v2/piston/runtimes"] {
        let runtimes = ask(&server, "GET", path, &Value::Null).json();
        let languages: Vec<_> = runtimes.as_array().unwrap().iter().map(|runtime| runtime["language"].as_str().unwrap()).collect();
        assert_eq!(languages, ["javascript", "python"], "what can run without Docker");
        let version = runtimes[1]["version"].as_str().unwrap();
        assert!(version.starts_with("3.14.") && version.split('.').count() == 3, "{version}");
        assert!(runtimes[1]["aliases"].as_array().unwrap().contains(&json!("py")));
    }
    let packages = ask(&server, "GET", "/api/v2/packages", &Value::Null).json();
    assert_eq!((&packages[1]["language"], &packages[1]["installed"]), (&json!("python"), &json!(true)));
    for method in ["POST", "DELETE"] {
        let answer = ask(&server, method, "/api/v2/packages", &json!({"language": "bash", "version": "5.x"}));
        assert_eq!(answer.status, 403);
        assert!(answer.json()["message"].as_str().unwrap().contains("operator"));
    }
}

#[tokio::test]
async fn a_stage_has_its_fields() {
    let server = Server::start(&[]);
    let code = "import sys\nprint(sys.argv[1:], input())\nsys.stdout.flush()\nprint('e', file=sys.stderr)\nsys.exit(3)";
    let answer = execute(&server, &python(code, json!({"args": ["1", "two"], "stdin": "in\n"})));
    assert_eq!((&answer["language"], answer.get("compile")), (&json!("python"), None), "{answer}");
    let run = &answer["run"];
    assert_eq!((&run["stdout"], &run["stderr"], &run["code"]), (&json!("['1', 'two'] in\n"), &json!("e\n"), &json!(3)), "{run}");
    assert_eq!((&run["output"], &run["signal"], &run["status"]), (&json!("['1', 'two'] in\ne\n"), &Value::Null, &json!("RE")));
    assert_eq!(run["message"], "Exited with error status 3");
    for figure in ["memory", "cpu_time", "wall_time"] {
        assert!(run[figure].is_u64(), "{figure}: {run}");
    }
    let run = &execute(&server, &python("print('é漢😀')", json!({})))["run"];
    assert_eq!((&run["stdout"], &run["code"], &run["status"], &run["message"]), (&json!("é漢😀\n"), &json!(0), &Value::Null, &Value::Null));
    // Files of every encoding; the first that is text is started; of two with one name the later counts.
    let code = "print(open('a.bin', 'rb').read(), open('b.bin', 'rb').read(), open('c.txt').read())";
    let files = json!([
        {"name": "a.bin", "content": "/w-_", "encoding": "base64"},
        {"name": "main.py", "content": "print('no')"},
        {"name": "main.py", "content": code},
        {"name": "b.bin", "content": "00ffzz", "encoding": "hex"},
        {"name": "c.txt", "content": "c", "encoding": "whatever"},
    ]);
    let run = &execute(&server, &python("", json!({"files": files})))["run"];
    assert_eq!(run["stdout"], "b'\\xff\\x0f\\xbf' b'\\x00\\xff' c\n", "{run}");
}

#[tokio::test]
async fn every_end_has_its_status() {
    let server = Server::start(&[]);
    let loop_ = "print('before', flush=True)\nwhile True: pass";
    let cases = [
        (loop_, json!({"run_cpu_time": 200}), "TO", "Time limit exceeded"),
        ("print('before', flush=True)\nimport time\ntime.sleep(60)", json!({"run_timeout": 200}), "TO", "Time limit exceeded (wall clock)"),
        ("print('before')\nprint('x' * 3000000)", json!({}), "OL", "stdout length exceeded"),
        ("import sys\nprint('before', flush=True)\nprint('x' * 3000000, file=sys.stderr)", json!({}), "EL", "stderr length exceeded"),
    ];
    for (code, more, status, message) in cases {
        let run = &execute(&server, &python(code, more))["run"];
        assert_eq!((&run["status"], &run["message"]), (&json!(status), &json!(message)), "{code}: {:.300}", run.to_string());
        assert_eq!((&run["code"], &run["signal"]), (&Value::Null, &json!("SIGKILL")));
        assert!(run["stdout"].as_str().unwrap().starts_with("before\n"), "what came before is kept");
        assert!(run["output"].as_str().unwrap().starts_with("before\n"));
    }
    let run = &execute(&server, &python("x = bytearray(200 << 20)", json!({"run_memory_limit": 64 << 20})))["run"];
    assert_eq!((&run["status"], &run["message"]), (&json!("RE"), &json!("the memory limit was reached")), "{run}");
}

#[tokio::test]
async fn versions_are_npms_selectors() {
    let server = Server::start(&[]);
    for version in ["*", "3.x", "3", "3.14", "3.14.0", "^3.10.0", "~3.14.0", ">=3.0.0 <4.0.0", "2.7.0 || 3.x", "x"] {
        let answer = ask(&server, "POST", EXECUTE, &python("print(1)", json!({"version": version})));
        assert_eq!(answer.status, 200, "{version}: {}", answer.text());
        assert_eq!(answer.json()["version"], "3.14.0");
    }
    for version in ["3.10.0", "2.x", "<3.0.0", "latest", "not a version"] {
        let answer = ask(&server, "POST", EXECUTE, &python("print(1)", json!({"version": version})));
        assert_eq!((answer.status, &answer.json()["message"]), (400, &json!(format!("python-{version} runtime is unknown"))));
    }
    let server = Server::start(&["--set", "doors.piston_any_version=true"]);
    let answer = execute(&server, &python("print(1)", json!({"version": "3.10.0"})));
    assert_eq!((&answer["run"]["stdout"], &answer["version"]), (&json!("1\n"), &json!("3.14.0")));
}

#[tokio::test]
async fn refusals_have_pistons_words() {
    let server = Server::start(&["--set", "connection.max_frame_kb=64"]);
    let cases = [
        (json!({}), "language is required as a string"),
        (json!([]), "language is required as a string"),
        (json!({"language": 1}), "language is required as a string"),
        (json!({"language": "python"}), "version is required as a string"),
        (json!({"language": "python", "version": 3}), "version is required as a string"),
        (json!({"language": "python", "version": "*"}), "files is required as an array"),
        (json!({"language": "python", "version": "*", "files": "x"}), "files is required as an array"),
        (json!({"language": "python", "version": "*", "files": [{}]}), "files[0].content is required as a string"),
        (json!({"language": "python", "version": "*", "files": []}), "files must include at least one utf8 encoded file"),
        (json!({"language": "cobol", "version": "*", "files": []}), "cobol-* runtime is unknown"),
        (json!({"language": "c", "version": "*", "files": [{"content": "x"}]}), "c-* runtime is unknown"),
        (python("1", json!({"run_timeout": "3"})), "If specified, run_timeout must be a number"),
        (python("1", json!({"run_timeout": -1})), "run_timeout must be non-negative"),
        (python("1", json!({"run_memory_limit": -2})), "run_memory_limit must be non-negative"),
        (python("1", json!({"run_timeout": 1e30})), "run_timeout cannot exceed the configured limit of 300000"),
        (python("1", json!({"run_cpu_time": 60001})), "run_cpu_time cannot exceed the configured limit of 60000"),
        (python("1", json!({"compile_timeout": 120_001})), "compile_timeout cannot exceed the configured limit of 120000"),
        (python("1", json!({"run_memory_limit": (2_u64 << 30) + 1})), "run_memory_limit cannot exceed the configured limit of 2147483648"),
        (python("1", json!({"args": "a b"})), "args must be an array of strings"),
        (python("1", json!({"stdin": 5})), "stdin must be a string"),
    ];
    for (body, message) in cases {
        let answer = ask(&server, "POST", EXECUTE, &body);
        assert_eq!((answer.status, &answer.json()["message"]), (400, &json!(message)), "{body}");
    }
    let escape = json!({"language": "python", "version": "*", "files": [{"name": "../x", "content": "1"}]});
    assert_eq!(ask(&server, "POST", EXECUTE, &escape).status, 400);
    for (kind, status) in [("application/x-www-form-urlencoded", 415), ("application/xml", 415), ("text/plain;charset=UTF-8", 200)] {
        let answer = server.ask("POST", EXECUTE, &format!("content-type: {kind}\r\n"), &python("1", json!({})).to_string());
        assert_eq!(answer.status, status, "{kind}");
    }
    let large = ask(&server, "POST", EXECUTE, &python(&"#".repeat(70 << 10), json!({})));
    assert_eq!(large.status, 413);
    assert!(large.json()["message"].as_str().unwrap().contains("too large"));
    let deep = server.ask("POST", EXECUTE, "content-type: application/json\r\n", &"[".repeat(60 << 10));
    assert_eq!(deep.status, 400);
    // Nothing of that is no limit: the usual ones hold.
    let run = &execute(&server, &python("while True: pass", json!({"run_cpu_time": 0, "run_timeout": 0, "run_memory_limit": -1})))["run"];
    assert_eq!(run["status"], "TO");
    assert_eq!(Server::start(&["--set", "doors.piston=false"]).get("/api/v2/runtimes").0, 404);
}

#[tokio::test]
async fn tokens_and_pages_as_everywhere() {
    let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let tokens = format!("access.tokens=[{{ name = \"ann\", sha256 = \"{digest}\", most = {{ time_ms = 1000 }} }}]");
    let server = Server::start(&["--set", &tokens, "--set", "access.origins=[\"https://ide.example\"]"]);
    let body = python("print(1)", json!({"run_cpu_time": 500}));
    for (headers, status) in [
        ("", 401),
        ("authorization: Bearer bar\r\n", 401),
        ("authorization: foo\r\n", 200),
        ("authorization: Bearer foo\r\n", 200),
        ("x-api-key: foo\r\n", 200),
        ("authorization: foo\r\norigin: https://evil.example\r\n", 403),
    ] {
        let answer = ask_with(&server, "POST", EXECUTE, headers, &body);
        assert_eq!(answer.status, status, "{headers}{}", answer.text());
        assert!(status == 200 || answer.json()["message"].is_string());
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    // The token's own limit, in Piston's words.
    let answer = ask_with(&server, "POST", EXECUTE, "authorization: foo\r\n", &python("1", json!({"run_cpu_time": 2000})));
    assert_eq!(answer.json()["message"], "run_cpu_time cannot exceed the configured limit of 1000");
    let page = "origin: https://ide.example\r\n";
    let preflight = ask_with(&server, "OPTIONS", EXECUTE, &format!("{page}access-control-request-method: POST\r\n"), &Value::Null);
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("https://ide.example")));
    let answer = ask_with(&server, "POST", EXECUTE, &format!("authorization: foo\r\n{page}"), &body);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("https://ide.example")));
    let metrics = server.ask("GET", "/metrics", "authorization: Bearer foo\r\n", "");
    assert!(metrics.text().contains("runnel_refusals_total{code=\"unauthorized\"} 2"), "{}", metrics.text());
    assert!(metrics.text().contains("runnel_refusals_total{code=\"limit_too_high\"} 1"), "{}", metrics.text());
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(&server.address).await.unwrap();
        Self(tokio_tungstenite::client_async(format!("ws://{}/api/v2/connect", server.address), stream).await.unwrap().0)
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn init(server: &Server, language: &str, code: &str) -> Self {
        let mut socket = Self::connect(server).await;
        let files = json!([{"content": code}]);
        socket.send(json!({"type": "init", "language": language, "version": "*", "files": files, "stdin": "not read"})).await;
        socket
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            match tokio::time::timeout(Duration::from_secs(60), self.0.next()).await.expect("nothing comes").map(Result::unwrap) {
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => return other,
            }
        }
    }

    async fn next(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The frames that are left, all output of a stream put together at the end, and how it was closed.
    async fn rest(&mut self) -> (Vec<Value>, String, u16) {
        let (mut frames, mut output) = (Vec::new(), String::new());
        loop {
            match self.message().await {
                Some(Message::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    match frame["type"].as_str() {
                        Some("data") => output.push_str(frame["data"].as_str().unwrap()),
                        _ => frames.push(frame),
                    }
                }
                Some(Message::Close(Some(close))) => return (frames, output, close.code.into()),
                other => panic!("{other:?} after {frames:?}"),
            }
        }
    }
}

fn exit(stage: &str, code: Value, signal: Value) -> Value {
    json!({"type": "exit", "stage": stage, "code": code, "signal": signal})
}

#[tokio::test]
async fn a_conversation() {
    let server = Server::start(&[]);
    let mut socket = Socket::init(&server, "python", "print('name?', flush=True)\nprint('hello', input())").await;
    assert_eq!(socket.next().await, json!({"type": "runtime", "language": "python", "version": "3.14.0"}));
    assert_eq!(socket.next().await, json!({"type": "stage", "stage": "run"}));
    assert_eq!(socket.next().await, json!({"type": "data", "stream": "stdout", "data": "name?\n"}));
    socket.send(json!({"type": "data", "stream": "stdin", "data": "Ann é\n"})).await;
    let (frames, output, code) = socket.rest().await;
    assert_eq!((frames, output.as_str(), code), (vec![exit("run", json!(0), Value::Null)], "hello Ann é\n", 4999));
}

#[tokio::test]
async fn signals_end_a_program() {
    let server = Server::start(&[]);
    for signal in ["SIGTERM", "SIGKILL", "SIGINT"] {
        let mut socket = Socket::init(&server, "python", "print('on', flush=True)\nwhile True: pass").await;
        while socket.next().await["type"] != "data" {}
        socket.send(json!({"type": "signal", "signal": "SIGWINCH"})).await;
        socket.send(json!({"type": "signal", "signal": signal})).await;
        let (frames, _, code) = socket.rest().await;
        assert_eq!((frames, code), (vec![exit("run", Value::Null, json!(signal))], 4999));
    }
}

/// Tells each signal that it gets; 15 ends it.
const HANDLES: &str = r#"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void on(int signal) {
    printf("got %d\n", signal);
    fflush(stdout);
    if (signal == SIGTERM) exit(7);
}

int main(void) {
    signal(SIGINT, on);
    signal(SIGUSR1, on);
    signal(SIGTERM, on);
    puts("on");
    fflush(stdout);
    for (;;) pause();
}
"#;

impl Socket {
    async fn until_output(&mut self, output: &str) {
        let mut seen = String::new();
        while seen != output {
            let frame = self.next().await;
            if frame["type"] == "data" {
                seen.push_str(frame["data"].as_str().unwrap());
            }
        }
    }

    async fn signal(&mut self, signal: &str) {
        self.send(json!({"type": "signal", "signal": signal})).await;
    }
}

#[tokio::test]
async fn signals_reach_a_program_in_a_container() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let mut socket = Socket::init(&server, "c", HANDLES).await;
    socket.until_output("on\n").await;
    // Harmless by default, and not handled: nothing.
    socket.signal("SIGWINCH").await;
    socket.signal("SIGUSR1").await;
    socket.until_output("got 10\n").await;
    socket.signal("SIGINT").await;
    socket.until_output("got 2\n").await;
    // As many as a client likes: it is not ended, and goes on hearing.
    for _ in 0..5000 {
        socket.signal("SIGUSR1").await;
    }
    socket.signal("SIGTERM").await;
    let (frames, output, code) = socket.rest().await;
    assert_eq!((frames, code), (vec![exit("run", json!(7), Value::Null)], 4999));
    assert!(output.ends_with("got 15\n") && output.matches("got 10\n").count() >= 1, "{output:.200}");
    // Who does not handle one ends by it, all of its processes with it, and the name is that of Linux.
    for (sent, named) in
        [("SIGINT", "SIGINT"), ("SIGTERM", "SIGTERM"), ("SIGKILL", "SIGKILL"), ("SIGUSR2", "SIGUSR2"), ("SIGPOLL", "SIGIO")]
    {
        let mut socket =
            Socket::init(&server, "c", "#include <unistd.h>\nint main(void) { fork(); write(1, \"on\\n\", 3); for (;;) pause(); }").await;
        socket.until_output("on\non\n").await;
        socket.signal(sent).await;
        let (frames, _, code) = socket.rest().await;
        assert_eq!((frames, code), (vec![exit("run", Value::Null, json!(named))], 4999));
    }
}

#[tokio::test]
async fn signals_before_a_program_has_begun_do_what_they_do_by_default() {
    if !containers::docker() {
        return;
    }
    // No container is there yet: it takes longer to make one than to say a word.
    let server = containers::server(&[]).await;
    let mut socket = Socket::init(&server, "bash", "trap '' INT; echo deaf").await;
    for harmless in ["SIGCHLD", "SIGSTOP", "SIGCONT"] {
        socket.signal(harmless).await;
    }
    socket.signal("SIGINT").await;
    let (frames, output, code) = socket.rest().await;
    assert_eq!((&frames[frames.len() - 1], output.as_str(), code), (&exit("run", Value::Null, json!("SIGINT")), "", 4999), "{frames:?}");
}

#[tokio::test]
async fn the_socket_is_closed_with_pistons_codes() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=8"]);
    let waits = "input()";
    let init = json!({"type": "init", "language": "python", "version": "*", "files": [{"content": "1"}]});
    let cases = [
        (true, init.clone(), 4000),
        (false, Value::Null, 4001),
        (false, json!({"type": "init", "language": "cobol", "version": "*", "files": []}), 4002),
        (false, json!([1]), 4002),
        (false, json!({"type": "data", "stream": "stdin", "data": "x"}), 4003),
        (false, json!({"type": "signal", "signal": "SIGINT"}), 4003),
        (true, json!({"type": "data", "stream": "stdout", "data": "x"}), 4004),
        (true, json!({"type": "signal", "signal": "SIGNOTAREALONE"}), 4005),
        (true, json!({"type": "signal", "signal": "SIGLOST"}), 4005),
        (true, json!({"type": "signal", "signal": "sigint"}), 4005),
        (true, json!({"type": "signal", "signal": 2}), 4005),
        (true, json!({"type": "signal"}), 4005),
        (true, json!({"type": "data", "stream": "stdin", "data": 5}), 4002),
    ];
    for (is_running, frame, code) in cases {
        let mut socket = if is_running { Socket::init(&server, "python", waits).await } else { Socket::connect(&server).await };
        if !frame.is_null() {
            socket.send(frame.clone()).await;
        }
        let (frames, _, closed) = socket.rest().await;
        assert_eq!(closed, code, "{frame}: {frames:?}");
        let errors: Vec<_> = frames.iter().filter(|frame| frame["type"] == "error").collect();
        assert_eq!(errors.len(), usize::from(code == 4002), "{frames:?}");
    }
    // A socket that is dropped ends its job: none is left that would keep a place.
    for _ in 0..12 {
        let mut socket = Socket::init(&server, "python", "print(1, flush=True)\nwhile True: pass").await;
        while socket.next().await["type"] != "data" {}
    }
    for _ in 0..600 {
        if server.get("/metrics").1.contains("runnel_runs_live{engine=\"wasm\"} 0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", server.get("/metrics").1);
}

#[tokio::test]
async fn compiled_languages_have_two_stages() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let c = |code: &str| json!({"language": "c", "version": "*", "files": [{"name": "prog", "content": code}]});
    let answer = execute(&server, &c("#include <stdio.h>\nint main(void) { puts(\"hi\"); return 4; }"));
    assert_eq!((&answer["compile"]["code"], &answer["run"]["code"], &answer["run"]["stdout"]), (&json!(0), &json!(4), &json!("hi\n")));
    let answer = execute(&server, &c("int main(void) { return x; }"));
    assert_eq!((&answer["compile"]["code"], &answer["compile"]["status"]), (&json!(1), &json!("RE")), "{answer}");
    assert_eq!(answer["run"], answer["compile"]);
    assert!(answer["compile"]["stderr"].as_str().unwrap().contains("error:"), "{answer}");
    let answer = execute(&server, &c("int main(void) { *(volatile int *)0 = 1; }"));
    assert_eq!((&answer["run"]["signal"], &answer["run"]["status"]), (&json!("SIGSEGV"), &json!("SG")), "{answer}");
    let mut socket = Socket::init(&server, "c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); }").await;
    let (frames, output, code) = socket.rest().await;
    assert_eq!((output.as_str(), code), ("hi\n", 4999));
    let stage = |stage: &str| json!({"type": "stage", "stage": stage});
    let ends = [exit("compile", json!(0), Value::Null), exit("run", json!(0), Value::Null)];
    assert_eq!(frames[1..], [stage("compile"), ends[0].clone(), stage("run"), ends[1].clone()]);
    let mut socket = Socket::init(&server, "c", "int main(void) { return x; }").await;
    let (frames, output, code) = socket.rest().await;
    assert_eq!((frames.len(), &frames[2], code), (3, &exit("compile", json!(1), Value::Null), 4999), "{frames:?}");
    assert!(output.contains("error:"), "{output}");
}

#[tokio::test]
async fn pistons_own_clients() {
    let server = Server::start(&[]);
    drive_node(&server, "piston.mjs");
    drive_python(&server, "piston.py");
}
