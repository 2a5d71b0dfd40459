//! Traces of runs, as a collector gets them: a real OTLP request, read with the official types.

use crate::client::{Client, Folder, Ran, Server};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Vec<u8>>>>);

impl Collector {
    /// Its address, too.
    pub(crate) async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let take = |State(collector): State<Self>, body: Bytes| async move {
            let mut raw = Vec::new();
            flate2::read::GzDecoder::new(&*body).read_to_end(&mut raw).unwrap();
            collector.0.lock().unwrap().push(raw);
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.0.lock().unwrap().iter().map(|raw| ExportTraceServiceRequest::decode(&**raw).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests();
        requests.into_iter().flat_map(|request| request.resource_spans).flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
    }

    /// The spans of the run with that id: itself, and what is below it.
    pub(crate) fn run(&self, id: &str) -> (Span, Vec<Span>) {
        let spans = self.spans();
        let run =
            spans.iter().find(|span| span.name == "run" && says(span, "runnel.id") == id).unwrap_or_else(|| panic!("{id} in {spans:#?}"));
        (run.clone(), spans.iter().filter(|span| span.trace_id == run.trace_id && span.span_id != run.span_id).cloned().collect())
    }
}

fn says(span: &Span, key: &str) -> String {
    let value = span.attributes.iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Any::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}

fn names(spans: &[Span]) -> Vec<&str> {
    let mut spans: Vec<_> = spans.iter().collect();
    spans.sort_by_key(|span| span.start_time_unix_nano);
    spans.iter().map(|span| span.name.as_str()).collect()
}

/// Waits for the server's end, which sends what is left.
pub(crate) async fn stop(mut server: Server) {
    server.signal("-TERM");
    let ended = tokio::task::spawn_blocking(move || server.process.wait().unwrap().code());
    assert_eq!(tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap().unwrap(), Some(0));
}

async fn run(client: &mut Client, id: &str, fields: Value) -> Ran {
    client.begin(id, fields).await;
    client.rest(id).await
}

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_run_is_a_trace() {
    let (collector, address) = Collector::start().await;
    let endpoint = format!("telemetry.endpoint={address}");
    let server = Server::start(&["--set", &endpoint, "--set", "telemetry.join=true"]);
    let mut client = server.connect().await;
    run(&mut client, "plain", json!({"language": "python", "code": "print('se' + 'cret')"})).await.succeeded();
    run(&mut client, "bad", json!({"language": "js", "code": "throw new Error('sec' + 'ret')"})).await;
    let test = |id: &str, expected: &str| json!({"id": id, "input": "1", "expected_output": expected});
    let tests = json!({"visible": [test("one", "1")], "hidden": [test("two", "2")]});
    run(&mut client, "judged", json!({"language": "python", "code": "print(input())", "tests": tests})).await;
    run(&mut client, "joined", json!({"language": "js", "code": "", "traceparent": format!("00-{TRACE}-00f067aa0ba902b7-01")})).await;
    run(&mut client, "unseen", json!({"language": "js", "code": "", "traceparent": format!("00-{TRACE}-00f067aa0ba902b7-00")})).await;
    let refused = run(&mut client, "mistaken", json!({"language": "js", "code": "", "traceparent": "00-1-2-3"})).await;
    assert_eq!((&refused.last()["code"], &refused.last()["details"]["field"]), (&json!("bad_field"), &json!("traceparent")));
    let header = format!("traceparent: 00-{TRACE}-00f067aa0ba902b8-01\r\n");
    assert_eq!(server.post("/v1/run", &header, &json!({"id": "asked", "language": "js", "code": ""}).to_string()).0, 200);
    client.begin("gone", json!({"language": "python", "code": "while True: pass"})).await;
    client.next_of("started").await;
    drop(client);
    stop(server).await;

    let (run, parts) = collector.run("plain");
    assert_eq!(names(&parts), ["queue", "prepare", "execute"]);
    assert_eq!(
        (says(&run, "runnel.language"), says(&run, "runnel.engine"), says(&run, "runnel.status")),
        ("python".into(), "wasm".into(), "success".into())
    );
    for part in &parts {
        assert_eq!(part.parent_span_id, run.span_id);
        assert!(
            run.start_time_unix_nano <= part.start_time_unix_nano && part.end_time_unix_nano <= run.end_time_unix_nano,
            "{run:#?} {part:#?}"
        );
    }
    let (bad, _) = collector.run("bad");
    assert_eq!(
        (says(&bad, "runnel.status"), bad.status.unwrap_or_default().code),
        ("error".into(), 0),
        "a program's failure is not the service's"
    );
    let (_, parts) = collector.run("judged");
    assert_eq!(names(&parts[..]).iter().filter(|name| **name == "execute").count(), 2);
    let judge = parts.iter().find(|span| span.name == "judge").unwrap();
    let tests: Vec<_> = parts.iter().filter(|span| span.parent_span_id == judge.span_id).collect();
    let mut told: Vec<_> = tests.iter().map(|span| (says(span, "runnel.test"), says(span, "runnel.status"))).collect();
    told.sort();
    assert_eq!(told, [("one".into(), "passed".into()), ("two".to_owned(), "failed".to_owned())]);
    for (id, parent) in [("joined", "00f067aa0ba902b7"), ("asked", "00f067aa0ba902b8")] {
        let (run, _) = collector.run(id);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!((hex(&run.trace_id), hex(&run.parent_span_id)), (TRACE.to_owned(), parent.to_owned()));
    }
    assert!(collector.spans().iter().all(|span| says(span, "runnel.id") != "unseen"), "its caller is not traced");
    assert_eq!(says(&collector.run("gone").0, "runnel.status"), "cancelled");
    let resource = collector.requests().remove(0).resource_spans.remove(0).resource.unwrap();
    let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    assert_eq!(service.value.clone().unwrap().value, Some(Any::StringValue("runnel".to_owned())));
    let raw = collector.0.lock().unwrap().concat();
    assert!(!raw.windows(6).any(|six| six == b"secret"), "what programs write is nobody's trace");
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_run() {
    away(&[], "traces are lost", 1).await;
    // Strangers' traces are not joined unless that is wanted; a share of none sends nothing, and says nothing.
    away(&["--set", "telemetry.sample=0"], "traces are lost", 0).await;
}

/// A server whose collector refuses connections: how often it says so.
async fn away(more: &[&str], words: &str, times: usize) {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let log = folder.0.join("log");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("telemetry.endpoint=http://{}", free.local_addr().unwrap());
    drop(free);
    let server = Server::start_logging_with(&log, &[&["--set", &endpoint], more].concat());
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.javascript("1").await.succeeded();
    }
    drop(client);
    stop(server).await;
    let told = std::fs::read_to_string(&log).unwrap();
    assert_eq!(told.matches(words).count(), times, "{told}");
}
