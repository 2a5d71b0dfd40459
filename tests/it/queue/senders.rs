//! Who sends jobs with runnel itself, over either broker; and what of a caller's trace comes through.

use super::broker::{Broker, Queues};
#[cfg(feature = "kafka")]
use super::cluster::{Cluster, Keeper, Topics};
use super::{metric, plain, python, until, worker};
use crate::client::{Folder, Server, runnel};
use crate::telemetry::{Collector, TRACE, stop};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

const JOBS: usize = 400;

/// A folder with so many jobs, of which one is none and one is refused.
fn jobs() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let mut lines: Vec<_> = (0..JOBS).map(|number| python(&format!("j{number}"), &format!("print({number})")).to_string()).collect();
    lines.push("nonsense".to_owned());
    lines.push(r#"{"id": "refused", "language": "cobol", "code": ""}"#.to_owned());
    std::fs::write(folder.0.join("jobs"), lines.join("\n")).unwrap();
    folder
}

fn command(folder: &Folder, what: &str, url: &str, settings: &[String], more: &[&str]) -> Command {
    let mut command = runnel();
    command.current_dir(&folder.0).args([what, "jobs", "--queue", url]).args(more).stdin(Stdio::null());
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// By line: what was printed, or the code of an error. Each line once.
fn results(folder: &Folder) -> BTreeMap<u64, String> {
    let text = std::fs::read_to_string(folder.0.join("results")).unwrap();
    let mut results = BTreeMap::new();
    for line in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let printed = line["result"]["execution"]["stdout"].as_str().or(line["error"]["code"].as_str()).unwrap().trim().to_owned();
        assert!(results.insert(line["line"].as_u64().unwrap(), printed).is_none(), "{line}");
    }
    results
}

/// A batch over a broker, which is killed in the middle, and so is its worker; and gone on with.
fn batched(url: &str, settings: &[String], worker: &dyn Fn() -> Server) {
    let folder = jobs();
    let batch = |more: &[&str]| command(&folder, "batch", url, settings, &[&["-o", "results"], more].concat());
    let mut first = worker();
    let mut begun = batch(&[]).stderr(Stdio::null()).spawn().unwrap();
    until(|| std::fs::read_to_string(folder.0.join("results")).is_ok_and(|text| text.lines().count() > 50));
    begun.kill().unwrap();
    begun.wait().unwrap();
    let resumed = batch(&["--resume"]).stderr(Stdio::piped()).spawn().unwrap();
    let _second = worker();
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    let output = resumed.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let results = results(&folder);
    assert_eq!(results.len(), JOBS + 2);
    for number in 0..JOBS {
        assert_eq!(results[&(number as u64 + 1)], number.to_string());
    }
    assert_eq!((results[&(JOBS as u64 + 1)].as_str(), results[&(JOBS as u64 + 2)].as_str()), ("bad_json", "unknown_language"));
}

/// What is submitted is run by a worker that comes later.
fn submitted(url: &str, settings: &[String]) {
    let folder = jobs();
    let output = command(&folder, "submit", url, settings, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("line 401: ") && said(&output).contains("401 jobs sent, 1 lines are no jobs"), "{}", said(&output));
    let output = command(&folder, "submit", url, settings, &["--from", "402"]).output().unwrap();
    assert_eq!((output.status.code(), said(&output).trim()), (Some(0), "1 jobs sent"));
}

#[tokio::test]
async fn batches_and_submissions_go_over_queues() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    // Nobody is there to make the queue.
    let output = command(&jobs(), "submit", &broker.url(), &queues.settings(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("there is no queue") && said(&output).contains("--from 1"), "{}", said(&output));
    batched(&broker.url(), &queues.settings(), &|| worker(broker, &queues, &[]));
    submitted(&broker.url(), &queues.settings());
    let worker = worker(broker, &queues, &[]);
    until(|| metric(&worker, "runnel_queue_published_total") as usize >= JOBS + 2);
    // What the batch that was killed had asked for came to the same queue.
    let mut counts = BTreeMap::<String, usize>::new();
    while counts.get("refused") != Some(&2) {
        *counts.entry(queues.result().await.0["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
}

#[cfg(feature = "kafka")]
#[tokio::test]
async fn batches_go_over_topics() {
    let Some(cluster) = Keeper::start() else { return };
    let topics = cluster.topics();
    // Both are there before one of them goes.
    let workers = vec![super::kafka::worker(&cluster.url(), &topics, &[]), super::kafka::worker(&cluster.url(), &topics, &[])];
    super::kafka::settle(&topics, &workers.iter().collect::<Vec<_>>()).await;
    let workers = std::cell::RefCell::new(workers);
    batched(&cluster.url(), &topics.settings(), &|| workers.borrow_mut().remove(0));
}

#[cfg(feature = "kafka")]
#[tokio::test]
async fn submissions_go_over_topics() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    let _worker = super::kafka::worker(&cluster.url(), &topics, &[]);
    submitted(&cluster.url(), &topics.settings());
}

#[tokio::test]
async fn a_caller_s_trace_goes_on() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let (collector, address) = Collector::start().await;
    let settings = [format!("telemetry.endpoint={address}"), "telemetry.join=true".to_owned()];
    let settings = settings.each_ref().map(String::as_str);
    let traced = worker(broker, &queues, &settings);
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(parent.as_bytes().into()));
    queues.send(&python("amqp", "print(1)"), plain().with_headers(headers)).await;
    queues.result().await;
    stop(traced).await;
    check(&collector, "amqp");
    #[cfg(feature = "kafka")]
    if let Some(cluster) = Cluster::shared() {
        let topics = Topics::new(cluster).await;
        let traced = super::kafka::worker(&cluster.url(), &topics, &settings);
        topics.send("kafka", &python("kafka", "print(1)"), &[("traceparent", &parent)]).await;
        topics.result();
        stop(traced).await;
        check(&collector, "kafka");
    }
}

#[track_caller]
fn check(collector: &Collector, id: &str) {
    let (run, _) = collector.run(id);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((hex(&run.trace_id), hex(&run.parent_span_id)), (TRACE.to_owned(), "00f067aa0ba902b7".to_owned()));
}
