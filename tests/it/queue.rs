//! `runnel worker` with a real RabbitMQ: every job gets its answer, whoever is killed in the middle of it.

pub(crate) mod broker;
#[cfg(feature = "kafka")]
pub(crate) mod cluster;
mod dialects;
#[cfg(feature = "kafka")]
mod kafka;
mod senders;

use crate::client::{Server, prepare, runnel};
use broker::{Broker, Queues};
use lapin::BasicProperties;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest that anything here may take: a bound for hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

fn plain() -> BasicProperties {
    BasicProperties::default()
}

fn command(url: &str, queues: &Queues, settings: &[&str]) -> Command {
    let mut command = runnel();
    command.args(["worker", "--queue", url, "--listen", "127.0.0.1:0"]);
    command.args(["--set", "docker.enabled=false", "--set", "cells.count=1", "--set", "desk.live=100"]);
    for setting in queues.settings().iter().map(String::as_str).chain(settings.iter().copied()) {
        command.args(["--set", setting]);
    }
    command
}

/// One that takes jobs.
fn worker(broker: &Broker, queues: &Queues, settings: &[&str]) -> Server {
    let worker = away(broker, queues, settings);
    until(|| worker.get("/readyz").0 == 200);
    worker
}

/// The same, whatever it has reached.
fn away(broker: &Broker, queues: &Queues, settings: &[&str]) -> Server {
    away_from(&broker.url(), queues, settings)
}

fn away_from(url: &str, queues: &Queues, settings: &[&str]) -> Server {
    prepare();
    Server::begin(command(url, queues, settings))
}

#[track_caller]
pub(crate) fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it does not come to that");
        std::thread::sleep(PAUSE);
    }
}

pub(crate) fn metric(worker: &Server, name: &str) -> u64 {
    known(worker, name).unwrap_or_else(|| panic!("there is no {name}"))
}

/// None where it is not told.
fn known(worker: &Server, name: &str) -> Option<u64> {
    let text = worker.get("/metrics").1;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

fn python(id: &str, code: &str) -> Value {
    json!({"id": id, "language": "python", "code": code})
}

#[tokio::test]
async fn a_job_has_one_result() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &[]);
    queues.send(&json!({"type": "run", "id": "../a", "language": "python", "code": "print(6 * 7)", "meta": {"n": 1}}), plain()).await;
    let (result, properties) = queues.result().await;
    assert_eq!(result["type"], "result");
    assert_eq!(result["id"], "../a");
    assert_eq!(result["execution"]["stdout"], "42\n");
    assert_eq!(result["meta"], json!({"n": 1}));
    crate::schema::check("ServerFrame", &result);
    assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), "../a");
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "result");
    assert_eq!(*properties.delivery_mode(), Some(2));

    // Its name may stand on the message.
    let fields = json!({"language": "javascript", "code": "console.log(1)"});
    queues.send(&fields, plain().with_message_id("m".into()).with_correlation_id("c".into())).await;
    let (result, properties) = queues.result().await;
    assert_eq!(result["id"], "m");
    assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), "c");
    queues.send(&fields, plain()).await;
    assert!(queues.result().await.0["id"].as_str().unwrap().starts_with("queue-"));

    // The same id twice: two jobs, two answers.
    queues.send(&python("twice", "print(1)"), plain()).await;
    queues.send(&python("twice", "print(2)"), plain()).await;
    let said = [queues.result().await.0, queues.result().await.0].map(|result| result["execution"]["stdout"].as_str().unwrap().to_owned());
    assert_eq!(BTreeSet::from(said), BTreeSet::from(["1\n".to_owned(), "2\n".to_owned()]));
    // Settling comes after the answer.
    until(|| metric(&worker, "runnel_queue_published_total") == 5);
    assert_eq!(metric(&worker, "runnel_queue_consumed_total"), 5);
    assert_eq!(metric(&worker, "runnel_queue_redelivered_total"), 0);
    assert_eq!(metric(&worker, "runnel_queue_up"), 1);
}

#[tokio::test]
async fn events_come_before_the_result_to_who_asked() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let _worker = worker(broker, &queues, &[]);
    let reply = queues.reply_queue().await;
    let asked = || plain().with_reply_to(reply.as_str().into()).with_correlation_id("c".into());
    let mut job = python("e", "import time\nfor n in range(100):\n    print(n, flush=True)");
    job["stream"] = json!(true);
    queues.send(&job, asked()).await;
    let mut frames = vec![];
    while frames.last().is_none_or(|frame: &Value| frame["type"] != "result") {
        let (frame, properties) = queues.take(&reply).await;
        assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), "c");
        crate::schema::check("ServerFrame", &frame);
        frames.push(frame);
    }
    assert!(frames.iter().any(|frame| frame["type"] == "started"), "{frames:?}");
    let pieces: Vec<_> = frames.iter().filter(|frame| frame["type"] == "stdout").collect();
    assert!(pieces.iter().enumerate().all(|(at, frame)| frame["seq"] == at), "{pieces:?}");
    let said: String = pieces.iter().map(|frame| frame["data"].as_str().unwrap()).collect();
    assert_eq!(said, (0..100).map(|n| format!("{n}\n")).collect::<String>());
    // Without being asked, the result alone.
    queues.send(&python("q", "print(1)"), asked()).await;
    assert_eq!(queues.take(&reply).await.0["type"], "result");
}

#[tokio::test]
async fn a_direct_reply_reaches_the_connection() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let _worker = worker(broker, &queues, &[]);
    let answer = queues.call(&python("direct", "print('hi')")).await;
    assert_eq!(answer["execution"]["stdout"], "hi\n");
}

#[tokio::test]
async fn a_reply_queue_that_is_not_there_loses_nothing() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &[]);
    queues.send(&python("a", "print(1)"), plain().with_reply_to("nobody-has-this".into())).await;
    let (result, properties) = queues.result().await;
    assert_eq!(result["id"], "a");
    assert!(broker::header(&properties, "x-runnel-reason").contains("reply queue"), "{properties:?}");
    // Its channel still stands, as do the jobs on it.
    queues.send(&python("b", "print(1)"), plain()).await;
    assert_eq!(queues.result().await.0["id"], "b");
    assert_eq!(metric(&worker, "runnel_queue_lost_total"), 0);
}

#[tokio::test]
async fn bad_messages_are_answered_or_buried_and_stop_nothing() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &["connection.max_frame_kb=16384"]);
    let large = vec![b' '; 50 << 20];
    for (body, reason) in [(&b"{"[..], "not JSON"), (b"", "not JSON"), (b"[1]", "object"), (b"\xff\xfe", "UTF-8"), (&large, "too large")] {
        queues.send_bytes(body, plain().with_message_id("bad".into())).await;
        let (sent, properties) = queues.take_bytes(&queues.dead).await;
        assert_eq!(sent.len(), body.len());
        assert!(broker::header(&properties, "x-runnel-reason").contains(reason), "{reason}: {properties:?}");
        assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "bad");
    }
    for (job, code) in [
        (json!({"id": "x", "language": "cobol", "code": ""}), "unknown_language"),
        (json!({"id": "x"}), "missing_field"),
        (json!({"id": "x", "language": 3, "code": ""}), "bad_field"),
        (json!({"id": "x", "language": "python", "code": "", "colour": "red"}), "bad_field"),
        (json!({"id": "x", "language": "python", "files": {"../up.py": ""}, "main": "../up.py"}), "bad_path"),
        (json!({"id": "x", "language": "python", "code": "", "limits": {"memory_mb": 99999999}}), "limit_too_high"),
        (json!({"id": "x", "language": "python", "code": "", "workspace": "w"}), "unknown_workspace"),
        (json!({"id": "x", "language": "python", "code": "", "interactive": true}), "bad_field"),
    ] {
        queues.send(&job, plain()).await;
        let (error, properties) = queues.result().await;
        assert_eq!((&error["type"], &error["id"], &error["code"]), (&json!("error"), &json!("x"), &json!(code)), "{error}");
        assert_eq!(properties.kind().as_ref().unwrap().as_str(), "error");
        crate::schema::check("ServerFrame", &error);
    }
    queues.send(&json!({"id": 3, "language": "python", "code": ""}), plain().with_message_id("said".into())).await;
    assert_eq!(queues.result().await.0["id"], "said");
    queues.send(&python("good", "print(1)"), plain()).await;
    assert_eq!(queues.result().await.0["execution"]["status"], "success");
    until(|| metric(&worker, "runnel_queue_dead_total") == 5);
}

#[tokio::test]
async fn cancels_reach_jobs_that_run_and_jobs_that_wait() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &["queue.most=1"]);
    queues.send(&python("runs", "while True: pass"), plain()).await;
    queues.send(&python("waits", "print(1)"), plain()).await;
    until(|| metric(&worker, "runnel_queue_consumed_total") == 1);
    queues.cancel("waits").await;
    queues.cancel("runs").await;
    for id in ["runs", "waits"] {
        let (result, _) = queues.result().await;
        assert_eq!((&result["id"], &result["execution"]["status"]), (&json!(id), &json!("cancelled")), "{result}");
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_loses_nothing() {
    let Some(broker) = Broker::shared() else { return };
    const JOBS: usize = 2000;
    let queues = Queues::new(broker).await;
    let mut first = worker(broker, &queues, &[]);
    for number in 0..JOBS {
        queues.send(&python(&format!("j{number}"), &format!("print({number})")), plain()).await;
    }
    until(|| metric(&first, "runnel_queue_published_total") > 50);
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    let second = worker(broker, &queues, &[]);
    let answered = results(&queues, JOBS).await;
    let repeats = answered.values().filter(|times| **times > 1).count();
    let under_way = usize::try_from(metric(&second, "runnel_queue_redelivered_total")).unwrap();
    assert!(under_way <= 8, "{under_way} is more than one worker has at once");
    assert!(repeats <= under_way, "{repeats} repeats of {under_way}");
}

/// Reads until so many jobs have a result, each with what it printed; and how many each has.
async fn results(queues: &Queues, jobs: usize) -> BTreeMap<String, usize> {
    let mut answered = BTreeMap::<String, usize>::new();
    while answered.len() < jobs {
        let (result, _) = queues.result().await;
        let id = result["id"].as_str().unwrap();
        assert_eq!(result["execution"]["stdout"], format!("{}\n", &id[1..]), "{result}");
        *answered.entry(id.to_owned()).or_default() += 1;
    }
    // What is on its way may be repeats only.
    while let Some((result, _)) = queues.result_within(Duration::from_millis(300)).await {
        *answered.get_mut(result["id"].as_str().unwrap()).unwrap() += 1;
    }
    answered
}

#[tokio::test]
async fn a_broker_that_goes_and_comes_back_loses_nothing() {
    let Some(mut broker) = Broker::start() else { return };
    const JOBS: usize = 2000;
    broker.kill();
    // Away at the start: said, and waited for.
    let queues = Queues::named();
    let worker = away(&broker, &queues, &[]);
    until(|| worker.get("/readyz").1.contains("refused"));
    assert_eq!(worker.get("/readyz").0, 503);
    assert_eq!(worker.get("/healthz").0, 200);
    broker.restart().await;
    until(|| worker.get("/readyz").0 == 200);
    let queues = queues.connect(&broker).await;
    // RabbitMQ writes down which quorum queues it has twice a second; one that is killed before that has forgotten them.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for number in 0..JOBS {
        queues.send(&python(&format!("j{number}"), &format!("print({number})")), plain()).await;
    }
    until(|| metric(&worker, "runnel_queue_published_total") > 50);
    broker.kill();
    until(|| worker.get("/readyz").0 == 503);
    broker.restart().await;
    let queues = Queues::again(queues, &broker).await;
    let answered = results(&queues, JOBS).await;
    assert_eq!(answered.len(), JOBS);
    let repeats = answered.values().filter(|times| **times > 1).count();
    assert!(repeats <= 8, "{repeats} repeats");
    assert_eq!(metric(&worker, "runnel_queue_lost_total"), 1);
}

#[tokio::test]
async fn a_job_that_takes_its_workers_down_is_buried() {
    let Some(broker) = Broker::shared() else { return };
    for kind in ["quorum", "classic"] {
        let queues = Queues::new(broker).await;
        let settings = [format!("queue.kind={kind}"), "queue.tries=2".to_owned()];
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        let mut killed = vec![];
        for time in 0..2 {
            let mut worker = worker(broker, &queues, &settings);
            if time == 0 {
                queues.send(&python("poison", "while True: pass"), plain()).await;
            }
            until(|| metric(&worker, "runnel_runs_live{engine=\"wasm\"}") == 1);
            worker.process.kill().unwrap();
            killed.push(worker);
        }
        let last = worker(broker, &queues, &settings);
        let (sent, properties) = queues.take_bytes(&queues.dead).await;
        assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap()["id"], "poison");
        assert!(broker::header(&properties, "x-runnel-reason").contains("too many tries"), "{kind}: {properties:?}");
        queues.send(&python("good", "print(1)"), plain()).await;
        assert_eq!(queues.result().await.0["id"], "good");
        assert_eq!(metric(&last, "runnel_queue_dead_total"), 1);
    }
}

#[tokio::test]
async fn jobs_of_a_higher_priority_go_first() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &["queue.kind=classic", "queue.most=1"]);
    queues.send(&python("first", "import time; time.sleep(1)"), plain()).await;
    until(|| metric(&worker, "runnel_queue_consumed_total") == 1);
    for (id, priority) in [("low", 1), ("high", 9), ("middle", 5)] {
        queues.send(&python(id, "print(1)"), plain().with_priority(priority)).await;
    }
    for id in ["first", "high", "middle", "low"] {
        assert_eq!(queues.result().await.0["id"], id);
    }
}

#[tokio::test]
async fn what_expires_before_its_turn_is_a_dead_letter() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &["queue.most=1"]);
    queues.send(&python("first", "import time; time.sleep(1)"), plain()).await;
    until(|| metric(&worker, "runnel_queue_consumed_total") == 1);
    queues.send(&python("late", "print(1)"), plain().with_expiration("100".into())).await;
    let (sent, _) = queues.take_bytes(&queues.dead).await;
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap()["id"], "late");
    assert_eq!(queues.result().await.0["id"], "first");
}

#[tokio::test]
async fn two_workers_share() {
    let Some(broker) = Broker::shared() else { return };
    const JOBS: usize = 200;
    let queues = Queues::new(broker).await;
    let workers = [worker(broker, &queues, &[]), worker(broker, &queues, &[])];
    for number in 0..JOBS {
        queues.send(&python(&format!("j{number}"), &format!("import time; time.sleep(0.05); print({number})")), plain()).await;
    }
    assert!(results(&queues, JOBS).await.values().all(|times| *times == 1));
    let shares = workers.each_ref().map(|worker| metric(worker, "runnel_queue_published_total"));
    let half = JOBS as u64 / 2;
    assert!(shares.iter().all(|share| share.abs_diff(half) <= half / 5), "{shares:?}");
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_ends_its_jobs_and_gives_back_the_rest() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let mut first = worker(broker, &queues, &["queue.most=2", "connection.grace_ms=2000"]);
    queues.send(&python("ends", "import time; time.sleep(1); print(1)"), plain()).await;
    queues.send(&python("goes_on", "import time; time.sleep(4); print(2)"), plain()).await;
    queues.send(&python("waits", "print(3)"), plain()).await;
    until(|| metric(&first, "runnel_runs_live{engine=\"wasm\"}") == 2);
    first.signal("-TERM");
    assert_eq!(queues.result().await.0["id"], "ends");
    assert_eq!(first.process.wait().unwrap().code(), Some(0));
    assert!(queues.result_within(Duration::ZERO).await.is_none());
    let second = worker(broker, &queues, &[]);
    let ids = [queues.result().await.0, queues.result().await.0].map(|result| result["id"].as_str().unwrap().to_owned());
    assert_eq!(BTreeSet::from(ids), BTreeSet::from(["goes_on".to_owned(), "waits".to_owned()]));
    assert_eq!(metric(&second, "runnel_queue_redelivered_total"), 1);
}

#[tokio::test]
async fn who_is_refused_at_the_start_is_told_why() {
    let Some(broker) = Broker::shared() else { return };
    prepare();
    let queues = Queues::new(broker).await;
    let refused = |url: &str, settings: &[&str]| {
        let output = command(url, &queues, settings).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let port = broker.port;
    assert!(refused(&format!("amqp://guest:s3cret@127.0.0.1:{port}"), &[]).contains("ACCESS_REFUSED"));
    let said = refused(&format!("amqp://guest:guest@127.0.0.1:{port}/elsewhere"), &[]);
    assert!(said.contains("vhost"), "{said}");
    assert!(refused("mqtt://127.0.0.1:1883", &[]).contains("`queue.url`"));
    // Nothing there, and not to be made.
    let said = refused(&broker.url(), &["queue.declare=false"]);
    assert!(said.contains(&queues.dead), "{said}");
    // There, and made otherwise.
    queues.declare_plainly(&queues.jobs).await;
    let said = refused(&broker.url(), &[]);
    assert!(said.contains(&queues.jobs) && said.contains("hint"), "{said}");
}

#[tokio::test]
async fn a_worker_speaks_tls() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let url = format!("amqps://guest:guest@localhost:{}", broker.tls_port);
    let worker = away_from(&url, &queues, &[&format!("queue.ca={}", broker.certificate().display())]);
    until(|| worker.get("/readyz").0 == 200);
    queues.send(&python("t", "print(1)"), plain()).await;
    assert_eq!(queues.result().await.0["id"], "t");
    drop(worker);
    // Whom nobody vouches for is not spoken to.
    let worker = away_from(&url, &queues, &[]);
    until(|| worker.get("/readyz").1.contains("certificate"));
}
