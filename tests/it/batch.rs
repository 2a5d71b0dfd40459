//! `runnel batch`: every line gets one result, whatever happens to the batch, its server, or the connection.

use crate::client::{Server, prepare, runnel};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        prepare();
        let path = std::env::temp_dir().join(format!("runnel-batch-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> &Self {
        std::fs::write(self.0.join(name), content).unwrap();
        self
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = runnel();
        command.current_dir(&self.0).arg("batch").args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Lines of a results file that are whole.
    fn count(&self, name: &str) -> usize {
        self.read(name).matches('\n').count()
    }

    /// Waits until so many lines are there.
    fn until(&self, name: &str, count: usize, process: &mut Child) {
        while self.count(name) < count {
            assert!(process.try_wait().unwrap().is_none(), "it ended early");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// By line; a line that is there twice fails.
    fn results(&self, name: &str) -> BTreeMap<u64, Value> {
        by_line(&self.read(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn by_line(text: &str) -> BTreeMap<u64, Value> {
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let before = all.insert(value["line"].as_u64().unwrap(), value);
        assert!(before.is_none(), "twice: {line}");
    }
    all
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn address(server: &Server) -> String {
    format!("ws://{}", server.address)
}

/// So many small jobs, of both languages by turns, ids `j1` and so on. Each tenth fails.
fn jobs(count: usize) -> String {
    let mut text = String::new();
    for number in 1..=count {
        let (language, code) = match (number % 10, number % 2) {
            (0, _) => ("py", "raise SystemExit(3)".to_owned()),
            (_, 0) => ("python", format!("print({number})")),
            _ => ("javascript", format!("console.log({number})")),
        };
        writeln!(text, "{}", json!({"id": format!("j{number}"), "language": language, "code": code})).unwrap();
    }
    text
}

#[track_caller]
fn check_all(results: &BTreeMap<u64, Value>, count: usize) {
    assert_eq!(results.len(), count);
    for (line, value) in results {
        let execution = &value["result"]["execution"];
        assert_eq!((&value["id"], &value["result"]["id"]), (&json!(format!("j{line}")), &json!(format!("j{line}"))));
        if line % 10 == 0 {
            assert_eq!((&execution["status"], &execution["exit_code"]), (&json!("error"), &json!(3)), "{value}");
        } else {
            assert_eq!((&execution["status"], &execution["stdout"]), (&json!("success"), &json!(format!("{line}\n"))), "{value}");
        }
    }
}

#[tokio::test]
async fn each_line_has_its_result() {
    let one_cell = ["--set", "cells.count=1", "--set", "desk.live=300"];
    let servers = [Server::start(&one_cell), Server::start(&one_cell)];
    let folder = Folder::new("each");
    folder.write("jobs", &jobs(500));
    let arguments = ["jobs", "--server", &address(&servers[0]), "--server", &address(&servers[1]), "-o", "results"];
    let ran = folder.run(&arguments);
    assert!(ran.status.success() && ran.stdout.is_empty(), "{}", text(&ran.stderr));
    check_all(&folder.results("results"), 500);
    let told = text(&ran.stderr);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = told.lines().map(words).collect();
    for expected in ["success error total", "javascript 250 0 250", "python 200 50 250", "total 450 50 500"] {
        assert!(lines.contains(&words(expected)), "{expected}: {told}");
    }
    assert!(told.contains("500 jobs, 450 with success (90.0 %)"), "{told}");
    // Without `--resume` it is not written to again.
    let before = folder.read("results");
    let ran = folder.run(&arguments);
    assert_eq!((ran.status.code(), text(&ran.stderr).contains("hint: `--resume`")), (Some(2), true), "{}", text(&ran.stderr));
    assert_eq!(folder.read("results"), before);
    // And with it, nothing is left to do.
    let ran = folder.run(&[&arguments[..], &["--resume", "--fail-under", "0.9"]].concat());
    assert!(ran.status.success() && text(&ran.stderr).contains("500 jobs (500 of them before), 450 with success"), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).lines().any(|line| words(line) == words("javascript 250 0 250")), "{}", text(&ran.stderr));
    assert_eq!(folder.read("results"), before);
}

#[tokio::test]
async fn lines_that_are_no_jobs() {
    let server = Server::start(&["--set", "connection.max_frame_kb=4"]);
    let folder = Folder::new("bad");
    let long = json!({"id": "long", "language": "python", "code": "#".repeat(5000)}).to_string();
    let jobs = [
        r#"{"id":"a","language":"python","code":"print(1)","stream":true}"#,
        "",
        "not json",
        "[1]",
        r#"{"id":"a","language":"python","code":"print(2)"}"#,
        r#"{"language":"python","code":"print(3)","meta":1.00000000000000000001}"#,
        r#"{"id":5,"language":"python","code":"1"}"#,
        r#"{"id":"cobol","language":"cobol","code":"1"}"#,
        &long,
        r#"{"id":"field","language":"python","code":"1","colour":"red"}"#,
        r#"{"id":"","language":"python","code":"1"}"#,
        r#"{"id":null,"stream":null,"language":"python","code":"print(12)"}"#,
    ];
    folder.write("jobs", &jobs.join("\r\n"));
    let ran = folder.run(&["jobs", "--server", &address(&server)]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let results = by_line(text(&ran.stdout));
    let codes = [
        (3, None, "bad_json"),
        (4, None, "bad_json"),
        (5, Some("a"), "duplicate_id"),
        (7, None, "bad_field"),
        (8, Some("cobol"), "unknown_language"),
        (9, Some("long"), "too_large"),
        (10, Some("field"), "bad_field"),
        (11, Some(""), "bad_field"),
    ];
    for (line, id, code) in codes {
        let value = &results[&line];
        assert_eq!((value["id"].as_str(), value["error"]["code"].as_str()), (id, Some(code)), "{value}");
        assert!(!value["error"]["message"].as_str().unwrap().is_empty() && value.get("result").is_none());
    }
    assert_eq!(results[&10]["error"]["details"]["field"], "colour");
    assert_eq!(results.len(), codes.len() + 3);
    for (line, id, stdout) in [(1, "a", "1\n"), (6, "6", "3\n"), (12, "12", "12\n")] {
        assert_eq!((&results[&line]["id"], &results[&line]["result"]["execution"]["stdout"]), (&json!(id), &json!(stdout)));
        assert!(results[&line]["result"].get("type").is_none());
    }
    assert!(text(&ran.stdout).contains(r#""meta":1.00000000000000000001"#));
    assert!(text(&ran.stderr).contains("11 jobs, 3 with success"), "{}", text(&ran.stderr));
}

#[tokio::test]
async fn killed_in_the_middle_and_gone_on_with() {
    let server = Server::start(&[]);
    let folder = Folder::new("killed");
    folder.write("jobs", &jobs(500));
    let arguments = ["jobs", "--server", &address(&server), "-o", "results"];
    let mut process = folder.command(&arguments).spawn().unwrap();
    folder.until("results", 100, &mut process);
    // Two batches must not write to one file.
    let ran = folder.run(&[&arguments[..], &["--resume"]].concat());
    assert_eq!((ran.status.code(), text(&ran.stderr).contains("another batch writes")), (Some(2), true), "{}", text(&ran.stderr));
    process.kill().unwrap();
    process.wait().unwrap();
    let left = folder.count("results");
    assert!((100..500).contains(&left), "{left}");
    // As if the last write had been cut off, too.
    let half = format!("{}{{\"line\":4", folder.read("results"));
    folder.write("results", &half);
    // The second time it is interrupted as a person does it.
    let mut process = folder.command(&[&arguments[..], &["--resume"]].concat()).spawn().unwrap();
    folder.until("results", left + 100, &mut process);
    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
    let ran = process.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), text(&ran.stderr).contains("hint: `--resume`")), (Some(130), true), "{}", text(&ran.stderr));
    let ran = folder.run(&[&arguments[..], &["--resume"]].concat());
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    check_all(&folder.results("results"), 500);
}

#[tokio::test]
async fn a_server_that_comes_back() {
    let server = Server::start(&[]);
    let folder = Folder::new("back");
    folder.write("jobs", &jobs(600));
    let mut process = folder.command(&["jobs", "--server", &address(&server), "-o", "results", "--parallel", "8"]).spawn().unwrap();
    folder.until("results", 100, &mut process);
    let listen = server.address.clone();
    // Once it is killed, once it is stopped in order.
    drop(server);
    let again = || Server::spawn_at(&listen, &["--set", "docker.enabled=false"]);
    let mut server = again();
    folder.until("results", 300, &mut process);
    server.signal("-TERM");
    server.process.wait().unwrap();
    let _server = again();
    let ran = process.wait_with_output().unwrap();
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("trying again"), "{}", text(&ran.stderr));
    check_all(&folder.results("results"), 600);
}

#[tokio::test]
async fn a_server_that_does_not() {
    let folder = Folder::new("gone");
    folder.write("jobs", &jobs(3));
    // A port that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = folder.run(&["jobs", "--server", &format!("ws://{free}"), "-o", "results", "--patience", "500ms"]);
    assert_eq!(ran.status.code(), Some(70));
    assert!(text(&ran.stderr).contains("no server can be reached") && text(&ran.stderr).contains("refused"), "{}", text(&ran.stderr));
    // One that answers and is none is not waited for.
    let server = Server::start(&[]);
    let ran = folder.run(&["jobs", "--server", &format!("{}/healthz", address(&server)), "-o", "results", "--resume"]);
    assert_eq!((ran.status.code(), folder.count("results")), (Some(70), 0), "{}", text(&ran.stderr));
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=1", "--set", "desk.queue=1"]);
    let folder = Folder::new("busy");
    folder.write("jobs", &jobs(40));
    let ran = folder.run(&["jobs", "--server", &address(&server), "-o", "results", "--parallel", "20"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    check_all(&folder.results("results"), 40);
}

#[tokio::test]
async fn without_a_server_and_from_stdin() {
    let folder = Folder::new("local");
    let mut process =
        folder.command(&["-", "--local", "--fail-under", "0.91", "--set", "docker.enabled=false"]).stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(jobs(100).as_bytes()).unwrap();
    let ran = process.wait_with_output().unwrap();
    // One tenth fails.
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran.stderr));
    check_all(&by_line(text(&ran.stdout)), 100);
    folder.write("jobs", &format!("{}{}", jobs(20), "{\"id\":\"x\",\"language\":\"cobol\",\"code\":\"\"}\n"));
    let ran = folder.run(&["jobs", "--local", "--fail-under", "0.8", "-o", "results", "--set", "docker.enabled=false"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let mut results = folder.results("results");
    assert_eq!(results.remove(&21).unwrap()["error"]["code"], "unknown_language");
    check_all(&results, 20);
}

#[tokio::test]
async fn results_of_another_batch_are_left_alone() {
    let server = Server::start(&[]);
    let folder = Folder::new("another");
    let result = |line: u64, id: &str| format!("{}\n", json!({"line": line, "id": id, "result": {"execution": {"status": "success"}}}));
    let cases = [
        ("another id", result(1, "j1") + &result(2, "x")),
        ("beyond the end", result(1, "j1") + &result(11, "j11")),
        ("a line twice", result(1, "j1") + &result(1, "j1")),
        ("not results", "some notes\n".to_owned()),
        ("not even lines", "some notes".to_owned()),
    ];
    folder.write("jobs", &jobs(10));
    for (what, content) in cases {
        folder.write("results", &content);
        let ran = folder.run(&["jobs", "--server", &address(&server), "-o", "results", "--resume"]);
        assert_eq!((ran.status.code(), folder.read("results")), (Some(2), content), "{what}: {}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains("belongs to another batch"), "{what}: {}", text(&ran.stderr));
    }
    let mistakes: [&[&str]; 5] = [
        &["jobs"],
        &["none", "--server", "ws://127.0.0.1:1"],
        &["jobs", "--server", "127.0.0.1:8080"],
        &["jobs", "--server", "ws://127.0.0.1:1", "--local"],
        &["jobs", "--local", "--resume"],
    ];
    for arguments in mistakes {
        assert_eq!(folder.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn many_lines_need_little_memory() {
    const LINES: usize = 200_000;
    let server = Server::start(&[]);
    let folder = Folder::new("many");
    let line = "{\"language\":\"cobol\",\"code\":\"\"}\n";
    folder.write("jobs", &line.repeat(LINES));
    let mut process = folder
        .command(&["jobs", "--server", &address(&server), "-o", "results"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        let text = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let own = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        most = most.max(own.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success());
    assert_eq!(folder.count("results"), LINES);
    // What is kept of a line is 64 bits; the lines alone are 6 MB, what is written of them 30.
    assert!(most > 0 && most < 16 << 10, "{most} KiB");
}

#[tokio::test]
async fn with_tests_the_verdict_counts() {
    let server = Server::start(&[]);
    let folder = Folder::new("verdicts");
    let job =
        |code: &str| json!({"language": "python", "code": code, "tests": {"visible": [{"id": "t", "input": "2", "expected_output": "4"}]}});
    folder.write("jobs", &format!("{}\n{}\n", job("print(int(input()) * 2)"), job("print(5)")));
    let ran = folder.run(&["jobs", "--server", &address(&server), "-o", "results", "--fail-under", "0.6"]);
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran.stderr));
    let results = folder.results("results");
    assert_eq!((&results[&1]["result"]["summary"]["verdict"], &results[&2]["result"]["summary"]["verdict"]), (&json!("AC"), &json!("WA")));
    assert!(text(&ran.stderr).contains("2 jobs, 1 with success (50.0 %)"), "{}", text(&ran.stderr));
    // Earlier results count with their verdicts.
    let ran = folder.run(&["jobs", "--server", &address(&server), "-o", "results", "--fail-under", "0.5", "--resume"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
}
