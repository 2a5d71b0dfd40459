//! `runnel worker` with a real broker of Kafka's protocol.

use super::cluster::{Cluster, Keeper, SETTLING, Topics, header};
use super::{known, metric, python, until};
use crate::client::{Server, prepare, runnel};
use rdkafka::message::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

fn command(url: &str, topics: &Topics, settings: &[&str]) -> Command {
    let mut command = runnel();
    command.args(["worker", "--queue", url, "--listen", "127.0.0.1:0"]);
    command.args(["--set", "docker.enabled=false", "--set", "cells.count=1", "--set", "desk.live=100"]);
    for setting in topics.settings().iter().map(String::as_str).chain(settings.iter().copied()) {
        command.args(["--set", setting]);
    }
    command
}

/// One that is connected; jobs come when the group has settled.
pub(super) fn worker(url: &str, topics: &Topics, settings: &[&str]) -> Server {
    prepare();
    let worker = Server::begin(command(url, topics, settings));
    until(|| worker.get("/readyz").0 == 200);
    worker
}

#[tokio::test]
async fn a_job_has_one_result() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    let worker = worker(&cluster.url(), &topics, &[]);
    topics.send("k", &json!({"type": "run", "id": "../a", "language": "python", "code": "print(6 * 7)", "meta": {"n": 1}}), &[]).await;
    let (result, message) = topics.result();
    assert_eq!((&result["id"], &result["execution"]["stdout"], &result["meta"]), (&json!("../a"), &json!("42\n"), &json!({"n": 1})));
    crate::schema::check("ServerFrame", &result);
    assert_eq!((message.key(), header(&message, "type").as_str()), (Some(&b"../a"[..]), "result"));
    assert_eq!(header(&message, "correlation_id"), "../a");

    // Its name may stand on the message.
    let fields = json!({"language": "javascript", "code": "console.log(1)"});
    topics.send("k", &fields, &[("message_id", "m"), ("correlation_id", "c")]).await;
    let (result, message) = topics.result();
    assert_eq!((&result["id"], header(&message, "correlation_id").as_str()), (&json!("m"), "c"));
    topics.send("key", &fields, &[]).await;
    assert_eq!(topics.result().0["id"], "key");

    // The same id twice: two jobs, two answers.
    for _ in 0..2 {
        topics.send("twice", &python("twice", "print(1)"), &[]).await;
        assert_eq!(topics.result().0["id"], "twice");
    }
    until(|| metric(&worker, "runnel_queue_published_total") == 5);
    assert_eq!(metric(&worker, "runnel_queue_consumed_total"), 5);
    assert_eq!(metric(&worker, "runnel_queue_redelivered_total"), 0);
    until(|| known(&worker, "runnel_queue_waiting") == Some(0));
}

#[tokio::test]
async fn events_come_before_the_result_to_who_asked() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    let _worker = worker(&cluster.url(), &topics, &[]);
    let mut job = python("e", "for n in range(100):\n    print(n, flush=True)");
    job["stream"] = json!(true);
    topics.send("e", &job, &[]).await;
    let mut frames = vec![];
    while frames.last().is_none_or(|frame: &Value| frame["type"] != "result") {
        let (frame, message) = topics.result();
        assert_eq!(message.key(), Some(&b"e"[..]));
        assert_eq!(header(&message, "type") == "event", frame["type"] != "result");
        crate::schema::check("ServerFrame", &frame);
        frames.push(frame);
    }
    assert!(frames.iter().any(|frame| frame["type"] == "started"), "{frames:?}");
    let said: String = frames.iter().filter(|frame| frame["type"] == "stdout").map(|frame| frame["data"].as_str().unwrap()).collect();
    assert_eq!(said, (0..100).map(|n| format!("{n}\n")).collect::<String>());
}

#[tokio::test]
async fn bad_messages_are_answered_or_buried_and_stop_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    // A message of 50 MB is what this broker does not survive.
    let worker = worker(&cluster.url(), &topics, &["connection.max_frame_kb=1024"]);
    let large = vec![b' '; 2 << 20];
    for (body, reason) in [(&b"{"[..], "not JSON"), (b"", "not JSON"), (b"[1]", "object"), (b"\xff\xfe", "UTF-8"), (&large, "too large")] {
        topics.send_bytes("bad", body, &[("their", "own")]).await;
        let (sent, said) = topics.buried();
        assert_eq!(sent.len(), body.len());
        assert!(said.contains(reason), "{reason}: {said}");
    }
    for (job, code) in [
        (json!({"id": "x", "language": "cobol", "code": ""}), "unknown_language"),
        (json!({"id": "x"}), "missing_field"),
        (json!({"id": "x", "language": 3, "code": ""}), "bad_field"),
        (json!({"id": "x", "language": "python", "files": {"../up.py": ""}, "main": "../up.py"}), "bad_path"),
        (json!({"id": "x", "language": "python", "code": "", "workspace": "w"}), "unknown_workspace"),
    ] {
        topics.send("x", &job, &[]).await;
        let (error, message) = topics.result();
        assert_eq!((&error["type"], &error["id"], &error["code"]), (&json!("error"), &json!("x"), &json!(code)), "{error}");
        assert_eq!(header(&message, "type"), "error");
    }
    topics.send("good", &python("good", "print(1)"), &[]).await;
    assert_eq!(topics.result().0["execution"]["status"], "success");
    until(|| metric(&worker, "runnel_queue_dead_total") == 5);
}

#[tokio::test]
async fn the_words_of_others_come_over_topics_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    let _worker = worker(&cluster.url(), &topics, &["queue.dialect=topics", "limits.usual.time_ms=1000"]);
    for (message, check) in super::dialects::conversions() {
        topics.send("any", &message, &[]).await;
        let (answer, _) = topics.result();
        assert_eq!(answer["run_id"], message["id"], "{answer}");
        check(&answer);
    }
    topics.send("any", &json!({"language": "python"}), &[]).await;
    assert!(topics.buried().1.contains("message.id"));
}

fn numbered(number: usize, code: &str) -> Value {
    python(&format!("j{number}"), &format!("{code}print({number})"))
}

/// Reads until so many jobs have a result, each with what it printed; and how many each has.
fn results(topics: &Topics, jobs: usize) -> BTreeMap<String, usize> {
    let mut answered = BTreeMap::<String, usize>::new();
    let mut take = |result: &Value| {
        let id = result["id"].as_str().unwrap();
        assert_eq!(result["execution"]["stdout"], format!("{}\n", &id[1..]), "{result}");
        *answered.entry(id.to_owned()).or_default() += 1;
        answered.len()
    };
    while take(&topics.result().0) < jobs {}
    // What is on its way may be repeats only.
    while let Some(message) = topics.next(Duration::from_secs(1)) {
        assert_eq!(take(&serde_json::from_slice(message.payload().unwrap()).unwrap()), jobs);
    }
    answered
}

async fn send_all(topics: &Topics, jobs: usize, code: &str) {
    for number in 0..jobs {
        topics.send(&format!("j{number}"), &numbered(number, code), &[]).await;
    }
}

/// Sends jobs until each worker has had some: the group has settled.
pub(super) async fn settle(topics: &Topics, workers: &[&Server]) {
    let mut number = 0;
    while workers.iter().any(|worker| metric(worker, "runnel_queue_published_total") == 0) {
        topics.send(&format!("{SETTLING}{number}"), &python(SETTLING, "print(1)"), &[]).await;
        topics.settling();
        number += 1;
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_loses_nothing() {
    let Some(cluster) = Keeper::start() else { return };
    const JOBS: usize = 2000;
    let topics = cluster.topics();
    let (mut first, second) = (worker(&cluster.url(), &topics, &[]), worker(&cluster.url(), &topics, &[]));
    settle(&topics, &[&first, &second]).await;
    let before = metric(&first, "runnel_queue_published_total");
    send_all(&topics, JOBS, "").await;
    until(|| metric(&first, "runnel_queue_published_total") > before + 50);
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    let answered = results(&topics, JOBS);
    assert_eq!(answered.len(), JOBS);
    let repeats: usize = answered.values().map(|times| times - 1).sum();
    // Those that it had, and those that it had answered since its last commit.
    assert!(repeats <= 200, "{repeats} repeats");
}

#[tokio::test]
async fn a_broker_that_goes_and_comes_back_loses_nothing() {
    let Some(mut cluster) = Cluster::start() else { return };
    const JOBS: usize = 2000;
    cluster.kill();
    prepare();
    // Away at the start: said, and waited for. It makes the topics, too.
    let topics = Topics::named(&cluster);
    let worker = Server::begin(command(&cluster.url(), &topics, &[]));
    until(|| worker.get("/readyz").1.contains("efused") || worker.get("/readyz").1.contains("down"));
    assert_eq!((worker.get("/readyz").0, worker.get("/healthz").0), (503, 200));
    cluster.restart();
    until(|| worker.get("/readyz").0 == 200);
    topics.listen();
    send_all(&topics, JOBS, "").await;
    until(|| metric(&worker, "runnel_queue_published_total") > 50);
    cluster.kill();
    until(|| worker.get("/readyz").0 == 503);
    cluster.restart();
    let answered = results(&topics, JOBS);
    assert_eq!(answered.len(), JOBS);
    assert!(metric(&worker, "runnel_queue_lost_total") >= 1);
}

#[tokio::test]
async fn a_job_that_takes_its_workers_down_is_buried() {
    let Some(cluster) = Keeper::start() else { return };
    let topics = cluster.topics();
    let mut workers = Vec::from([0; 3].map(|_| worker(&cluster.url(), &topics, &["queue.tries=2"])));
    settle(&topics, &workers.iter().collect::<Vec<_>>()).await;
    topics.send("same", &python("poison", "while True: pass"), &[]).await;
    let runs = |worker: &Server| metric(worker, "runnel_runs_live{engine=\"wasm\"}") == 1;
    for _ in 0..2 {
        until(|| workers.iter().any(runs));
        let at = workers.iter().position(runs).unwrap();
        let mut worker = workers.remove(at);
        worker.process.kill().unwrap();
        worker.process.wait().unwrap();
    }
    let last = &workers[0];
    let (sent, reason) = topics.buried();
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap()["id"], "poison");
    assert!(reason.contains("too many tries"), "{reason}");
    topics.send("same", &python("good", "print(1)"), &[]).await;
    assert_eq!(topics.result().0["id"], "good");
    assert_eq!(metric(last, "runnel_queue_dead_total"), 1);
}

#[tokio::test]
async fn two_workers_share() {
    let Some(cluster) = Cluster::shared() else { return };
    const JOBS: usize = 300;
    let topics = Topics::new(cluster).await;
    let workers = [worker(&cluster.url(), &topics, &[]), worker(&cluster.url(), &topics, &[])];
    settle(&topics, &workers.each_ref()).await;
    let before = workers.each_ref().map(|worker| metric(worker, "runnel_queue_published_total"));
    send_all(&topics, JOBS, "import time; time.sleep(0.05); ").await;
    assert!(results(&topics, JOBS).values().all(|times| *times == 1));
    let shares = [0, 1].map(|at: usize| metric(&workers[at], "runnel_queue_published_total") - before[at]);
    let half = JOBS as u64 / 2;
    assert!(shares.iter().all(|share| share.abs_diff(half) <= half / 5), "{shares:?}");
}

#[tokio::test]
async fn a_worker_that_comes_repeats_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    const JOBS: usize = 300;
    let topics = Topics::new(cluster).await;
    let first = worker(&cluster.url(), &topics, &[]);
    send_all(&topics, JOBS, "import time; time.sleep(0.03); ").await;
    until(|| metric(&first, "runnel_queue_published_total") > 20);
    // It gets some of the partitions in the middle of their jobs.
    let second = worker(&cluster.url(), &topics, &[]);
    assert!(results(&topics, JOBS).values().all(|times| *times == 1));
    let shares = [&first, &second].map(|worker| metric(worker, "runnel_queue_published_total"));
    assert_eq!(shares.iter().sum::<u64>(), JOBS as u64);
    assert_eq!(metric(&second, "runnel_queue_redelivered_total"), 0);
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_ends_its_jobs_and_gives_back_the_rest() {
    let Some(cluster) = Cluster::shared() else { return };
    let topics = Topics::new(cluster).await;
    let mut first = worker(&cluster.url(), &topics, &["queue.most=2", "connection.grace_ms=2000"]);
    topics.send("a", &python("ends", "import time; time.sleep(1); print(1)"), &[]).await;
    topics.send("b", &python("goes_on", "import time; time.sleep(4); print(2)"), &[]).await;
    topics.send("c", &python("waits", "print(3)"), &[]).await;
    until(|| metric(&first, "runnel_runs_live{engine=\"wasm\"}") == 2);
    first.signal("-TERM");
    assert_eq!(topics.result().0["id"], "ends");
    assert_eq!(first.process.wait().unwrap().code(), Some(0));
    let _second = worker(&cluster.url(), &topics, &[]);
    let mut ids = [topics.result().0, topics.result().0].map(|result| result["id"].as_str().unwrap().to_owned());
    ids.sort();
    assert_eq!(ids, ["goes_on", "waits"]);
}

#[tokio::test]
async fn who_is_refused_at_the_start_is_told_why() {
    let Some(cluster) = Cluster::shared() else { return };
    prepare();
    let topics = Topics::named(cluster);
    let refused = |url: &str, settings: &[&str]| {
        let output = command(url, &topics, settings).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let port = cluster.port;
    for url in ["kafka://", "kafka://me@", "kafka://s3cret@a:1", "kafka://a:1?mechanism=PLAIN", "kafka://me:s3cret@a:1?mechanism=NONE"] {
        assert!(refused(url, &[]).contains("`queue.url`"), "{url}");
    }
    let said = refused(&cluster.url(), &["queue.declare=false"]);
    assert!(said.contains(&topics.jobs) && said.contains("hint"), "{said}");
    // This broker knows nobody.
    let said = refused(&format!("kafka://me:s3cret@127.0.0.1:{port}?mechanism=PLAIN"), &[]);
    assert!(said.to_lowercase().contains("sasl") || said.contains("uthenticat"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_known_over_tls() {
    let Some(mut cluster) = Cluster::start() else { return };
    let topics = Topics::new(&cluster).await;
    cluster.know("worker", "s3cret", "scram512");
    cluster.know("other", "s3cret", "scram256");
    let door = cluster.guard().await;
    let topics = topics.guarded(&cluster, door, "worker", "s3cret");
    let ca = format!("queue.ca={}", cluster.certificate().display());
    for who in ["worker:s3cret@localhost:PORT", "other:s3cret@localhost:PORT?mechanism=SCRAM-SHA-256"] {
        let url = format!("kafkas://{}", who.replace("PORT", &door.to_string()));
        let mut worker = worker(&url, &topics, &[&ca]);
        topics.send(who, &python(who, "print(6 * 7)"), &[]).await;
        let (result, _) = topics.result();
        assert_eq!((&result["id"], &result["execution"]["stdout"]), (&json!(who), &json!("42\n")));
        worker.signal("-TERM");
        assert_eq!(worker.process.wait().unwrap().code(), Some(0));
    }
    let refused = |url: String, settings: &[&str]| {
        let output = command(&url, &topics, settings).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = refused(format!("kafkas://worker:wr0ng@localhost:{door}"), &[&ca]);
    assert!(code == Some(2) && said.contains("uthenticat") && !said.contains("wr0ng"), "{said}");
    // Nobody vouches for this certificate; and with two addresses, nobody is at the other.
    for host in ["127.0.0.1", "localhost"] {
        let stranger = Server::begin(command(&format!("kafkas://worker:s3cret@{host}:{door}"), &topics, &[]));
        until(|| stranger.get("/readyz").1.contains("certificate"));
    }
}
