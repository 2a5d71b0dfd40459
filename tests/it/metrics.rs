//! What a server shows of itself to operators: counters, the log, `runnel top`, and what is made for Prometheus and Grafana.

use crate::client::{Folder, Server, runnel};
use crate::containers;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

type Labels<'a> = &'a [(&'a str, &'a str)];

/// What `/metrics` told.
struct Told(String);

impl Told {
    fn of(server: &Server) -> Self {
        let (status, text) = server.get("/metrics");
        assert_eq!((status, text.lines().last()), (200, Some("# EOF")), "{text}");
        Self(text)
    }

    /// The sum of the samples of that name with all of these labels.
    fn sum(&self, name: &str, labels: Labels<'_>) -> f64 {
        let has = |line: &str| labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")));
        let of = self.0.lines().filter(|line| line.split(['{', ' ']).next() == Some(name) && has(line));
        let values: Vec<f64> = of.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
        assert!(!values.is_empty(), "no {name} with {labels:?} in {}", self.0);
        values.iter().sum()
    }

    #[track_caller]
    fn assert(&self, expected: &[(&str, Labels<'_>, f64)]) {
        for (name, labels, value) in expected {
            assert_eq!(self.sum(name, labels), *value, "{name} {labels:?} in {}", self.0);
        }
    }
}

/// Waits until that is so.
async fn until(server: &Server, name: &str, labels: Labels<'_>, value: f64) {
    for _ in 0..600 {
        if Told::of(server).sum(name, labels) == value {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{name} {labels:?} does not become {value}: {}", Told::of(server).0);
}

#[tokio::test]
async fn what_has_happened_is_counted_exactly() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100"]);
    let mut client = server.connect().await;
    // The welcome.
    let (mut frames_in, mut frames_out) = (0, 1);
    for (language, code, status) in [
        ("python", "print(1)", "success"),
        ("py", "print(1)", "success"),
        ("python", "import sys\nsys.exit(3)", "error"),
        ("javascript", "for (;;);", "timeout"),
    ] {
        let ran = client.run(json!({"language": language, "code": code, "limits": {"time_ms": 300}})).await;
        assert_eq!(ran.status(), status);
        (frames_in, frames_out) = (frames_in + 1, frames_out + ran.frames.len());
    }
    for (frame, code) in [("{", "bad_json"), (r#"{"type": "run", "id": "r", "language": "klingon", "code": ""}"#, "unknown_language")] {
        client.send_text(frame).await;
        assert_eq!(client.next().await["code"], code);
        (frames_in, frames_out) = (frames_in + 1, frames_out + 1);
    }
    let tests = json!({"visible": [{"id": "a", "input": "1", "expected_output": "1"}, {"id": "b", "input": "2", "expected_output": "1"}]});
    let ran = client.run(json!({"language": "python", "code": "print(input())", "tests": tests})).await;
    (frames_in, frames_out) = (frames_in + 1, frames_out + ran.frames.len());
    // The one that fails ran well: it printed something else.
    assert_eq!(ran.status(), "success");
    let posted = r#"{"language": "js", "code": "console.log(1)"}"#;
    let answered = server.post("/v1/run", "", posted);
    let refused = server.post("/v1/run", "", r#"{"language": "js"}"#);
    assert_eq!((answered.0, refused.0), (200, 400), "{refused:?}");
    let told = Told::of(&server);
    let of = |language, status| -> [(&str, &str); 2] { [("language", language), ("status", status)] };
    told.assert(&[
        ("runnel_runs_total", &of("python", "success"), 3.0),
        ("runnel_runs_total", &of("python", "error"), 1.0),
        ("runnel_runs_total", &of("javascript", "timeout"), 1.0),
        ("runnel_runs_total", &of("javascript", "success"), 1.0),
        ("runnel_runs_total", &[], 6.0),
        // Two tests of one run.
        ("runnel_execution_seconds_count", &[("engine", "wasm")], 7.0),
        ("runnel_execution_seconds_bucket", &[("engine", "wasm"), ("le", "+Inf")], 7.0),
        ("runnel_execution_seconds_bucket", &[("engine", "wasm"), ("le", "60.0")], 7.0),
        ("runnel_queue_seconds_count", &[("engine", "wasm")], 6.0),
        ("runnel_execution_seconds_count", &[("engine", "docker")], 0.0),
        ("runnel_refusals_total", &[("code", "bad_json")], 1.0),
        ("runnel_refusals_total", &[("code", "unknown_language")], 1.0),
        ("runnel_refusals_total", &[], 3.0),
        ("runnel_frames_total", &[("door", "socket"), ("direction", "in")], f64::from(frames_in)),
        ("runnel_frames_total", &[("door", "socket"), ("direction", "out")], f64::from(u32::try_from(frames_out).unwrap())),
        ("runnel_frames_total", &[("door", "http"), ("direction", "in")], 2.0),
        ("runnel_bytes_total", &[("door", "http"), ("direction", "in")], (posted.len() + r#"{"language": "js"}"#.len()) as f64),
        ("runnel_bytes_total", &[("door", "http"), ("direction", "out")], (answered.1.len() + refused.1.len()) as f64),
        ("runnel_connections", &[], 1.0),
        ("runnel_connections_opened_total", &[], 1.0),
        ("runnel_cells", &[], 1.0),
        ("runnel_runs_live_most", &[("engine", "wasm")], 100.0),
        ("runnel_language_ready", &[("language", "python")], 1.0),
        ("runnel_language_ready", &[("language", "c")], 0.0),
        ("runnel_compile_cache_misses_total", &[], 0.0),
    ]);
    assert!(told.sum("process_cpu_seconds_total", &[]) > 0.1 && told.sum("process_resident_memory_bytes", &[]) > 1e6, "{}", told.0);
    // The loop ran until its limit.
    assert!(told.sum("runnel_execution_seconds_sum", &[("engine", "wasm")]) > 0.29, "{}", told.0);
}

#[tokio::test]
async fn what_is_live_is_seen_and_whoever_leaves_is_counted() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=1"]);
    let mut client = server.connect().await;
    let waits = json!({"language": "python", "code": "input()", "interactive": true});
    client.begin("a", waits.clone()).await;
    client.next_of("waiting").await;
    client.begin("b", waits).await;
    client.next_of("queued").await;
    Told::of(&server).assert(&[
        ("runnel_runs_live", &[("engine", "wasm")], 1.0),
        ("runnel_runs_queued", &[("engine", "wasm")], 1.0),
        ("runnel_cell_executions", &[], 1.0),
        ("runnel_runs_total", &[], 0.0),
    ]);
    drop(client);
    until(&server, "runnel_runs_total", &[("language", "python"), ("status", "cancelled")], 2.0).await;
    until(&server, "runnel_connections", &[], 0.0).await;
    until(&server, "runnel_runs_live", &[], 0.0).await;
    // The other had no place.
    Told::of(&server).assert(&[("runnel_queue_seconds_count", &[("engine", "wasm")], 1.0), ("runnel_runs_total", &[], 2.0)]);
}

#[tokio::test]
async fn containers_and_compile_steps_are_counted() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let mut client = server.connect().await;
    let code = "#include <stdio.h>\nint main() { int c = getchar(); printf(\"%d\", c); }";
    client.begin("waits", json!({"language": "c", "code": code, "interactive": true})).await;
    while client.next().await["type"] != "waiting" {}
    let c = |state| [("language", "c"), ("state", state)];
    Told::of(&server).assert(&[
        ("runnel_containers", &c("busy"), 1.0),
        ("runnel_containers", &c("ready"), 0.0),
        ("runnel_runs_live", &[("engine", "docker")], 1.0),
        ("runnel_runs_live", &[("engine", "wasm")], 0.0),
        ("runnel_compile_cache_misses_total", &[], 1.0),
    ]);
    client.send(json!({"type": "cancel", "id": "waits"})).await;
    assert_eq!(client.rest("waits").await.status(), "cancelled");
    let (mut misses, mut hits) = (1.0, 0.0);
    // Another program, until its product was kept: that is done when nobody waits for it.
    while hits == 0.0 && misses < 50.0 {
        let ran = client.run(json!({"language": "c", "code": "int main() { return 0; }"})).await;
        if ran.succeeded().last()["compile"]["cached"] == true { hits += 1.0 } else { misses += 1.0 }
    }
    until(&server, "runnel_containers", &c("busy"), 0.0).await;
    Told::of(&server).assert(&[
        ("runnel_compile_cache_hits_total", &[], 1.0),
        ("runnel_compile_cache_misses_total", &[], misses),
        ("runnel_containers_created_total", &[("language", "c")], hits + misses),
        ("runnel_containers_failed_total", &[], 0.0),
        ("runnel_runs_total", &[("language", "c"), ("engine", "docker"), ("status", "cancelled")], 1.0),
        ("runnel_runs_total", &[("language", "c"), ("status", "success")], hits + misses - 1.0),
        ("runnel_queue_seconds_count", &[("engine", "docker")], hits + misses),
    ]);
}

#[tokio::test]
async fn metrics_on_an_address_of_their_own() {
    let mut server = Server::start(&["--set", "metrics.listen=127.0.0.1:0"]);
    assert_eq!(server.get("/metrics").0, 404);
    let mut line = String::new();
    server.read_line(&mut line);
    let address = line.trim().strip_prefix("metrics on http://").and_then(|rest| rest.strip_suffix("/metrics"));
    let clients = std::mem::replace(&mut server.address, address.unwrap_or_else(|| panic!("{line}")).to_owned());
    Told::of(&server).assert(&[("runnel_runs_total", &[], 0.0)]);
    assert_eq!(server.get("/healthz").0, 404);
    let top = |more: &[&str]| runnel().args(["top", "--once", &format!("ws://{clients}")]).args(more).output().unwrap();
    let without = top(&[]);
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("hint: where `metrics.listen`"), "{without:?}");
    let with = top(&["--metrics", &format!("http://{}", server.address)]);
    assert!(with.status.success(), "{with:?}");
}

#[tokio::test]
async fn lost_cells_are_counted_and_logged_with_their_runs() {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let log = folder.0.join("log");
    let server = Server::start_logging(&log);
    let mut client = server.connect().await;
    let code = "import sys\nsecret_code = 1\nprint('secret_' + 'output', input(), flush=True)\nsys.stderr.write('secret_error')\n";
    let strange = "fine \u{1b}[31m\nid";
    client.begin(strange, json!({"language": "python", "code": code, "stdin": "secret_input\n"})).await;
    client.rest(strange).await.succeeded();
    client
        .begin("seen", json!({"language": "python", "code": format!("{code}import time\ntime.sleep(20)"), "stdin": "secret_input\n"}))
        .await;
    client.next_of("stdout").await;
    for cell in server.cells() {
        assert!(std::process::Command::new("kill").args(["-9", &cell.to_string()]).status().unwrap().success());
    }
    let ran = client.rest("seen").await;
    assert_eq!(ran.status(), "internal");
    until(&server, "runnel_cell_restarts_total", &[], 1.0).await;
    until(&server, "runnel_cells", &[], 1.0).await;
    client.python("raise ValueError('secret_error')").await;
    client.send_text(r#"{"type": "run", "id": "x", "code": "secret_code", "language": 7}"#).await;
    client.next_of("error").await;
    Told::of(&server).assert(&[("runnel_runs_total", &[("language", "python"), ("status", "internal")], 1.0)]);
    drop(server);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let of_run = |run: u64| lines.iter().filter(move |line| line["span"]["run"] == run).collect::<Vec<_>>();
    let expected = [(strange, "INFO", "success"), ("seen", "ERROR", "internal"), ("r", "INFO", "error")];
    for (run, (id, level, status)) in (1..).zip(expected) {
        let of_run = of_run(run);
        assert_eq!(of_run.len(), 1, "run {run}: {text}");
        let (line, span) = (&of_run[0], &of_run[0]["span"]);
        assert_eq!((&line["level"], &line["status"]), (&json!(level), &json!(status)), "{line}");
        assert_eq!((&span["id"], &span["language"], &span["connection"]), (&json!(id), &json!("python"), &json!(1)), "{line}");
    }
    assert!(lines.iter().any(|line| line["message"].as_str().is_some_and(|message| message.contains("lost a cell"))), "{text}");
}

#[tokio::test]
async fn top_tells_once() {
    let server = Server::start(&["--set", "cells.count=1"]);
    server.connect().await.python("print(1)").await.succeeded();
    let address = format!("ws://{}", server.address);
    let told = runnel().args(["top", "--once", "--json", &address]).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["glance"]["cells"], &told["languages"]["python"]["by_status"]["success"]), (&json!(1), &json!(1.0)), "{told:#}");
    assert_eq!((&told["languages"]["python"]["per_second"], &told["languages"]["c"]), (&Value::Null, &Value::Null));
    let told = runnel().args(["top", "--once", &address]).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("0 of ") && text.lines().any(|line| line.starts_with("python ")) && !text.contains('\u{1b}'), "{text}");
    drop(server);
    assert_eq!(runnel().args(["top", "--once", &address]).output().unwrap().status.code(), Some(70));
}

#[tokio::test]
async fn what_is_watched_is_served() {
    let told = Told::of(&Server::start(&[]));
    let served: BTreeSet<&str> =
        told.0.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next()).collect();
    let dashboard = include_str!("../../deploy/grafana/runnel.json");
    let alerts = include_str!("../../deploy/prometheus/alerts.yaml");
    let scrape = include_str!("../../deploy/prometheus/scrape.yaml");
    let panels: Value = serde_json::from_str(dashboard).unwrap();
    assert!(panels["panels"].as_array().unwrap().len() > 10);
    for text in [alerts, scrape] {
        assert!(saphyr_parser::Parser::new_from_str(text).all(|event| event.is_ok()), "{text}");
    }
    let page = include_str!("../../docs/operating.md");
    let is_served = |name: &str| served.contains(name) || served.contains(&*format!("{name}_bucket"));
    for (place, text) in [("dashboard", dashboard), ("alerts", alerts), ("page", page)] {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let named: BTreeSet<&str> = words.filter(|word| word.starts_with("runnel_") || word.starts_with("process_")).collect();
        assert!(named.len() > 5, "{place}: {named:?}");
        let unknown: Vec<_> = named.iter().filter(|name| !is_served(name)).collect();
        assert!(unknown.is_empty(), "{place}: {unknown:?}");
    }
    // And everything that is served is told of.
    for name in served {
        let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end).filter(|base| base.ends_with("_seconds")));
        assert!(page.contains(base.unwrap_or(name)), "{name} is not on the page");
    }
}
