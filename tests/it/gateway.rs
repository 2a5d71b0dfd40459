//! `runnel serve --backend` with a real RabbitMQ, and with a broker of Kafka's protocol. With RUNNEL_TEST_BACKEND=amqp or kafka every server of the other tests is a gateway
//! with a worker, and has to pass them all the same; here is what only a gateway can meet: somebody who is killed in the middle of a run.

use crate::client::{Client, Folder, Server, prepare, runnel};
use crate::queue::broker::Broker;
#[cfg(feature = "kafka")]
use crate::queue::cluster::Cluster as Kafka;
use crate::queue::{metric, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// Each of these over each broker.
macro_rules! over_both {
    ($($name:ident),* $(,)?) => {
        mod rabbitmq {
            $(#[tokio::test] async fn $name() { super::$name(super::Carrier::RabbitMq).await; })*
        }
        #[cfg(feature = "kafka")]
        mod kafka {
            $(#[tokio::test] async fn $name() { super::$name(super::Carrier::Kafka).await; })*
        }
    };
}

over_both!(
    a_run_is_told_as_on_a_single_machine,
    signals_and_compilers_arguments_go_along,
    a_lost_worker_is_another_ones_turn,
    what_waits_for_input_holds_no_place_at_a_worker,
    large_jobs_go_in_parts,
    nothing_runs_for_a_gateway_that_is_gone,
    a_broker_that_goes_and_comes_back,
    every_run_has_one_end_whoever_is_killed,
    who_is_refused_at_the_start_is_told_why,
);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    RabbitMq,
    #[cfg(feature = "kafka")]
    Kafka,
}

/// A broker of one's own.
enum Own {
    RabbitMq(Broker),
    #[cfg(feature = "kafka")]
    Kafka(Kafka),
}

impl Carrier {
    /// The one of all tests; None where they are to do without.
    fn shared(self) -> Option<String> {
        match self {
            Self::RabbitMq => Broker::shared().map(Broker::url),
            #[cfg(feature = "kafka")]
            Self::Kafka => Kafka::shared().map(Kafka::url),
        }
    }

    fn start(self) -> Option<Own> {
        match self {
            Self::RabbitMq => Broker::start().map(Own::RabbitMq),
            #[cfg(feature = "kafka")]
            Self::Kafka => Kafka::start().map(Own::Kafka),
        }
    }
}

impl Own {
    fn url(&self) -> String {
        match self {
            Self::RabbitMq(broker) => broker.url(),
            #[cfg(feature = "kafka")]
            Self::Kafka(cluster) => cluster.url(),
        }
    }

    fn kill(&mut self) {
        match self {
            Self::RabbitMq(broker) => broker.kill(),
            #[cfg(feature = "kafka")]
            Self::Kafka(cluster) => cluster.kill(),
        }
    }

    async fn restart(&mut self) {
        match self {
            Self::RabbitMq(broker) => broker.restart().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(cluster) => cluster.restart(),
        }
    }
}

/// Names that no other test has for what gateways and workers share, and for a worker's own queues, which are made as well, and nobody uses them.
fn names(url: &str) -> Vec<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let of = |setting: &str, what: &str| format!("{setting}=gate{number}.{what}");
    let shared = [of("backend.queue", "runs"), of("backend.workers", "workers")];
    if url.starts_with("amqp") {
        return shared.into_iter().chain([of("queue.jobs", "jobs"), of("queue.results", "results")]).collect();
    }
    // That broker does not get quicker with topics, and answers only when the time is over.
    let settings = ["backend.fetch_ms=20", "backend.partitions=2", "queue.partitions=1"].map(str::to_owned);
    shared.into_iter().chain([of("queue.group", "workers")]).chain(settings).collect()
}

fn with_settings<'a>(mut command: std::process::Command, settings: impl IntoIterator<Item = &'a str>) -> std::process::Command {
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

fn worker(url: &str, names: &[String], arguments: &[&str]) -> Server {
    let mut command = runnel();
    command.args(["worker", "--queue", url, "--listen", "127.0.0.1:0"]).args(arguments);
    // As in the image: where its servers listen is nothing to a worker.
    command.env("RUNNEL_LISTEN", "0.0.0.0:8080");
    Server::begin(with_settings(command, names.iter().map(String::as_str)))
}

fn gateway(url: &str, names: &[String], listen: &str, arguments: &[&str]) -> Server {
    let mut command = runnel();
    command.args(["serve", "--backend", url, "--listen", listen]).args(arguments);
    Server::begin(with_settings(command, names.iter().map(String::as_str)))
}

/// A gateway with a worker, where the tests are to run with one in the place of each server.
pub(crate) fn in_place_of(listen: &str, arguments: &[&str]) -> Option<Server> {
    let carrier = match std::env::var("RUNNEL_TEST_BACKEND").ok()?.as_str() {
        "amqp" => Carrier::RabbitMq,
        #[cfg(feature = "kafka")]
        "kafka" => Carrier::Kafka,
        _ => return None,
    };
    let url = carrier.shared()?;
    let names = names(&url);
    let settings: Vec<_> = arguments.windows(2).filter(|pair| pair[0] == "--set").map(|pair| pair[1]).collect();
    // The desk that clients meet is the gateway's: as large as its worker's.
    let number = |setting: &str, usual: usize| {
        let given = settings.iter().find_map(|given| given.strip_prefix(setting)?.strip_prefix('='));
        given.map_or(usual, |given| given.parse().unwrap())
    };
    let live = number("desk.live", 1024);
    let busy = live.min(number("desk.busy_per_cell", 4) * number("cells.count", 2));
    let desk = [format!("backend.busy={busy}"), format!("backend.live={live}")];
    let arguments: Vec<&str> = arguments.iter().copied().chain(desk.iter().flat_map(|setting| ["--set", setting.as_str()])).collect();
    let of_both = arguments.windows(2).filter(|pair| ["--set", "--config"].contains(&pair[0]));
    let worker = worker(&url, &names, &of_both.flatten().copied().collect::<Vec<_>>());
    let mut gateway = gateway(&url, &names, listen, &arguments);
    until(|| serde_json::from_str::<Value>(&gateway.get("/readyz").1).is_ok_and(|ready| ready["workers"] == 1 && ready["ready"] == true));
    gateway.worker = Some(Box::new(worker));
    Some(gateway)
}

const SMALL: [&str; 6] = ["--set", "docker.enabled=false", "--set", "cells.count=1", "--set", "desk.live=200"];

/// Gateways and workers over one broker.
struct Cluster {
    gateways: Vec<Server>,
    workers: Vec<Server>,
    url: String,
    names: Vec<String>,
}

impl Cluster {
    fn new(url: String, gateways: usize, workers: usize) -> Self {
        prepare();
        let names = names(&url);
        let mut cluster = Self { gateways: Vec::new(), workers: Vec::new(), url, names };
        (0..workers).for_each(|_| cluster.add_worker());
        (0..gateways).for_each(|_| cluster.add_gateway());
        cluster
    }

    fn add_worker(&mut self) {
        self.workers.push(worker(&self.url, &self.names, &SMALL));
    }

    fn add_gateway(&mut self) {
        let folder = Folder::new();
        let setting = format!("workspaces.folder={}", folder.0.display());
        let mut gateway = gateway(&self.url, &self.names, "127.0.0.1:0", &["--set", &setting]);
        gateway.folder = Some(folder);
        self.gateways.push(gateway);
        let (gateway, workers) = (&self.gateways[self.gateways.len() - 1], self.workers.len());
        until(|| known(gateway) == workers);
    }
}

/// Workers that a gateway knows of, if it is ready.
fn known(gateway: &Server) -> usize {
    let ready: Value = serde_json::from_str(&gateway.get("/readyz").1).unwrap();
    let workers = usize::try_from(ready["workers"].as_u64().unwrap()).unwrap();
    if ready["ready"] == true { workers } else { usize::MAX }
}

fn kill(server: &mut Server) {
    server.process.kill().unwrap();
    server.process.wait().unwrap();
}

async fn a_run_is_told_as_on_a_single_machine(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let cluster = Cluster::new(url, 1, 1);
    let mut client = cluster.gateways[0].connect().await;
    let ran = client.python("import sys\nprint('out')\nprint('err', file=sys.stderr)").await;
    assert_eq!((ran.succeeded().stdout(), ran.stderr()), ("out\n", "err\n"));
    assert_eq!((ran.kinds()[0], &ran.frames[0]["engine"]), ("started", &json!("wasm")));
    assert_eq!(ran.streamed("stdout"), "out\n");

    // A dialogue: each answer goes by the broker.
    client
        .begin("d", json!({"language": "python", "code": "for _ in range(3): print(int(input()) * 2, flush=True)", "interactive": true}))
        .await;
    for n in 1..=3 {
        client.next_of("waiting").await;
        client.send(json!({"type": "stdin", "id": "d", "data": format!("{n}\n")})).await;
        assert_eq!(client.next_of("stdout").await["data"], format!("{}\n", 2 * n));
    }
    assert_eq!(client.rest("d").await.status(), "success");

    client.begin("c", json!({"language": "python", "code": "print(1, flush=True)\nwhile True: pass"})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "cancel", "id": "c"})).await;
    assert_eq!(client.rest("c").await.status(), "cancelled");
    assert_eq!(metric(&cluster.gateways[0], "runnel_gateway_sent_total"), 3);
    assert_eq!(metric(&cluster.gateways[0], "runnel_gateway_workers"), 1);
}

/// Whatever can handle a signal is on the worker, and so is the compiler.
async fn signals_and_compilers_arguments_go_along(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let mut cluster = Cluster::new(url, 0, 0);
    let has_docker = crate::containers::docker();
    let docker = format!("docker.enabled={has_docker}");
    cluster.workers.push(worker(&cluster.url, &cluster.names, &["--set", &docker, "--set", "docker.pool=0", "--set", "cells.count=1"]));
    cluster.add_gateway();
    let mut client = cluster.gateways[0].connect().await;
    let rules = json!({"on": [{"colour": "amber", "status": "cancelled"}, {"colour": "red", "status": "error"}], "else": "blue"});
    client.begin("cell", json!({"language": "python", "code": "print(1, flush=True)\nwhile True: pass", "rules": rules})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "cell", "signal": "SIGWINCH"})).await;
    client.send(json!({"type": "signal", "id": "cell", "signal": "SIGTERM"})).await;
    let ran = client.rest("cell").await;
    assert_eq!((ran.status(), &ran.execution()["signal"], ran.stdout()), ("error", &json!("SIGTERM"), "1\n"), "{:#}", ran.last());
    assert_eq!(ran.last()["outcome"], "red", "{:#}", ran.last());
    if !has_docker {
        return;
    }
    until(|| {
        let languages: Value = serde_json::from_str(&cluster.gateways[0].get("/v1/languages").1).unwrap();
        languages.as_array().unwrap().iter().any(|language| language["name"] == "c" && language["state"] == "ready")
    });
    let code = "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nstatic void on(int s) { printf(\"had %d\", s + MORE); exit(6); }\n\
int main(void) { signal(SIGINT, on); puts(\"on\"); for (;;) pause(); }";
    client.begin("box", json!({"language": "c", "code": code, "compile_args": ["-DMORE=40"]})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "box", "signal": "SIGINT"})).await;
    let ran = client.rest("box").await;
    assert_eq!((ran.status(), &ran.execution()["exit_code"], ran.stdout()), ("error", &json!(6), "on\nhad 42"), "{:#}", ran.last());
}

async fn a_lost_worker_is_another_ones_turn(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let mut cluster = Cluster::new(url, 1, 1);
    let mut client = cluster.gateways[0].connect().await;
    // Nothing of it was seen but that it had started: it starts again.
    let slow = "import time\ntime.sleep(2)\nprint('done')";
    client.begin("again", json!({"language": "python", "code": slow})).await;
    client.begin("seen", json!({"language": "python", "code": "print('seen', flush=True)\nwhile True: pass"})).await;
    let mut frames = BTreeMap::<String, Vec<Value>>::new();
    while !has(&frames, "again", "started") || !has(&frames, "seen", "stdout") {
        note(&mut frames, client.next().await);
    }
    kill(&mut cluster.workers.remove(0));
    cluster.add_worker();
    while !has(&frames, "again", "result") || !has(&frames, "seen", "result") {
        note(&mut frames, client.next().await);
    }
    let kinds: Vec<_> = frames["again"].iter().map(|frame| frame["type"].as_str().unwrap()).filter(|kind| *kind != "queued").collect();
    assert_eq!(kinds, ["started", "started", "stdout", "result"]);
    assert_eq!(frames["again"].last().unwrap()["execution"]["stdout"], "done\n");
    // What was printed is not told twice: our fault, and said so.
    let end = &frames["seen"].last().unwrap()["execution"];
    assert_eq!(
        (&end["status"], frames["seen"].iter().filter(|frame| frame["type"] == "started").count()),
        (&json!("internal"), 1),
        "{end}"
    );
    assert_eq!(metric(&cluster.gateways[0], "runnel_gateway_again_total"), 1);
    assert_eq!(client.python("print(1)").await.succeeded().stdout(), "1\n");
}

fn note(frames: &mut BTreeMap<String, Vec<Value>>, frame: Value) {
    frames.entry(frame["id"].as_str().unwrap().to_owned()).or_default().push(frame);
}

fn has(frames: &BTreeMap<String, Vec<Value>>, id: &str, kind: &str) -> bool {
    frames.get(id).is_some_and(|frames| frames.iter().any(|frame| frame["type"] == kind))
}

async fn what_waits_for_input_holds_no_place_at_a_worker(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let cluster = Cluster::new(url, 1, 1);
    let mut client = cluster.gateways[0].connect().await;
    // Ten times as many as a worker takes at once.
    for n in 0..40 {
        client.begin(&format!("d{n}"), json!({"language": "python", "code": "print(input())", "interactive": true})).await;
    }
    let mut waiting = 0;
    while waiting < 40 {
        waiting += usize::from(client.next().await["type"] == "waiting");
    }
    client.begin("quick", json!({"language": "python", "code": "print(1)"})).await;
    assert_eq!(client.rest("quick").await.succeeded().stdout(), "1\n");
    for n in 0..40 {
        client.send(json!({"type": "stdin", "id": format!("d{n}"), "data": format!("{n}\n")})).await;
    }
    let mut ended = 0;
    while ended < 40 {
        let frame = client.next().await;
        if frame["type"] == "result" {
            assert_eq!(format!("d{}", frame["execution"]["stdout"].as_str().unwrap().trim()), frame["id"].as_str().unwrap());
            ended += 1;
        }
    }
}

async fn large_jobs_go_in_parts(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let cluster = Cluster::new(url, 1, 1);
    let mut client = cluster.gateways[0].connect().await;
    // Of the test's broker for Kafka, a MiB takes a second: what comes back is less there.
    let (large, kept) = if carrier == Carrier::RabbitMq { (11 << 20, 22 << 20) } else { (9 << 19, 1 << 20) };
    client.send(json!({"type": "workspace.open", "workspace": "w", "files": {"large.txt": "x".repeat(large)}})).await;
    client.next_of("workspace").await;
    let code = format!(
        "import os\ntext = open('large.txt').read()\nos.remove('large.txt')\nprint(len(text), set(text))\nopen('kept.txt', 'w').write((2 * text)[:{kept}])"
    );
    let ran = client.run(json!({"language": "python", "workspace": "w", "code": code})).await;
    assert_eq!(ran.succeeded().stdout(), format!("{large} {{'x'}}\n"));
    let ran = client.run(json!({"language": "python", "workspace": "w", "code": "print(len(open('kept.txt').read()))"})).await;
    assert_eq!(ran.succeeded().stdout(), format!("{kept}\n"));
}

async fn nothing_runs_for_a_gateway_that_is_gone(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let mut cluster = Cluster::new(url, 2, 1);
    let mut lost = cluster.gateways[0].connect().await;
    lost.begin("r", json!({"language": "python", "code": "print(1, flush=True)\nwhile True: pass", "limits": {"time_ms": 60000}})).await;
    lost.next_of("stdout").await;
    let live = |cluster: &Cluster| metric(&cluster.workers[0], "runnel_runs_live{engine=\"wasm\"}");
    assert_eq!(live(&cluster), 1);
    kill(&mut cluster.gateways[0]);
    until(|| live(&cluster) == 0);
    // The other one goes on.
    let mut client = cluster.gateways[1].connect().await;
    assert_eq!(client.python("print(1)").await.succeeded().stdout(), "1\n");
}

async fn a_broker_that_goes_and_comes_back(carrier: Carrier) {
    let Some(mut broker) = carrier.start() else { return };
    let cluster = Cluster::new(broker.url(), 1, 1);
    let gateway = &cluster.gateways[0];
    let mut client = gateway.connect().await;
    client.begin("seen", json!({"language": "python", "code": "print(1, flush=True)\nwhile True: pass"})).await;
    client.next_of("stdout").await;
    client.begin("again", json!({"language": "python", "code": "import time\ntime.sleep(2)\nprint(2)"})).await;
    client.next_of("started").await;
    broker.kill();
    // What was seen can't be repeated.
    let end = client.next().await;
    assert_eq!((&end["type"], &end["id"], &end["execution"]["status"]), (&json!("result"), &json!("seen"), &json!("internal")));
    // What is new is refused, with a reason and a time to come back.
    client.begin("new", json!({"language": "python", "code": "print(3)"})).await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["code"], &error["details"]["retry_after_ms"]), (&json!("error"), &json!("busy"), &json!(1000)));
    assert!(error["message"].as_str().unwrap().contains("the broker is away"), "{error}");
    assert_eq!(gateway.get("/readyz").0, 503);
    assert_eq!(metric(gateway, "runnel_gateway_up"), 0);
    broker.restart().await;
    until(|| known(gateway) == 1);
    // What nobody had seen waited for its way, or found none in time: either way it has its end, and only one.
    let end = client.rest("again").await;
    let end = end.last();
    let status = end["execution"]["status"].as_str().unwrap();
    assert!(status == "success" || status == "internal", "{end}");
    assert_eq!(client.python("print(4)").await.succeeded().stdout(), "4\n");
}

async fn who_is_refused_at_the_start_is_told_why(carrier: Carrier) {
    let Some(url) = carrier.shared() else { return };
    let mistaken = match carrier {
        Carrier::RabbitMq => url.replace("guest:guest", "guest:s3cret"),
        #[cfg(feature = "kafka")]
        Carrier::Kafka => url.replace("kafka://", "kafka://me:s3cret@") + "?mechanism=PLAIN",
    };
    let output = runnel().args(["serve", "--listen", "127.0.0.1:0", "--backend", &mistaken]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error: ") && !said.contains("s3cret"), "{said}");
}

/// Over RabbitMQ this is the broker's to notice, by its heartbeats.
#[cfg(feature = "kafka")]
#[tokio::test]
async fn who_stands_still_tells_nothing_of_what_was_lost_meanwhile() {
    let Some(url) = Carrier::Kafka.shared() else { return };
    let mut cluster = Cluster::new(url, 1, 1);
    let mut client = cluster.gateways[0].connect().await;
    let code = "import time\nwhile True:\n    print('seen', flush=True)\n    time.sleep(0.1)";
    client.begin("seen", json!({"language": "python", "code": code, "limits": {"wall_ms": 120000}})).await;
    client.next_of("stdout").await;
    cluster.workers[0].signal("-STOP");
    cluster.add_worker();
    let end = loop {
        let frame = client.next().await;
        if frame["type"] == "result" {
            break frame;
        }
    };
    assert_eq!((&end["id"], &end["execution"]["status"]), (&json!("seen"), &json!("internal")), "{end}");
    // Every frame that comes now is of this one.
    assert_eq!(client.python("print(1)").await.succeeded().stdout(), "1\n");
    cluster.workers[0].signal("-CONT");
    until(|| metric(&cluster.workers[0], "runnel_runs_live{engine=\"wasm\"}") == 0);
    until(|| known(&cluster.gateways[0]) == 2);
    assert_eq!(client.python("print(2)").await.succeeded().stdout(), "2\n");
}

/// Many runs, workers that are killed in the middle of them, and each run has one end.
async fn every_run_has_one_end_whoever_is_killed(carrier: Carrier) {
    const AT_ONCE: usize = 20;
    // How soon a killed worker is missed decides how many kills fit into the time.
    let (runs, kills) = if carrier == Carrier::RabbitMq { (2000, 4) } else { (600, 2) };
    let Some(url) = carrier.shared() else { return };
    let mut cluster = Cluster::new(url, 2, 2);
    let mut clients = Vec::new();
    for number in 0..4 {
        clients.push(cluster.gateways[number % 2].connect().await);
    }
    let done = std::sync::Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(many(client, runs / 4, AT_ONCE, done.clone()))).collect();
    for kill_at in 1..=kills {
        while (done.load(Ordering::Relaxed) as usize) < kill_at * runs / (kills + 1) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        kill(&mut cluster.workers.remove(0));
        cluster.add_worker();
    }
    let mut statuses = BTreeMap::<String, usize>::new();
    for task in tasks {
        for (id, ends) in task.await.unwrap() {
            assert_eq!(ends.len(), 1, "{id}: {ends:?}");
            *statuses.entry(ends[0].clone()).or_default() += 1;
        }
    }
    assert_eq!(statuses.values().sum::<usize>(), runs);
    // A kill costs what was seen of its runs at most: those that it had at once.
    assert!(statuses.keys().all(|status| status == "success" || status == "internal"), "{statuses:?}");
    assert!(statuses["success"] >= runs * 9 / 10, "{statuses:?}");
}

/// So many runs, some at once; the ends of each.
async fn many(mut client: Client, runs: usize, at_once: usize, done: std::sync::Arc<AtomicU32>) -> BTreeMap<String, Vec<String>> {
    let mut ends = BTreeMap::<String, Vec<String>>::new();
    let (mut begun, mut live) = (0, 0);
    while begun < runs || live > 0 {
        while begun < runs && live < at_once {
            client.begin(&format!("r{begun}"), json!({"language": "python", "code": format!("print({begun})")})).await;
            (begun, live) = (begun + 1, live + 1);
        }
        let frame = client.next().await;
        assert_ne!(frame["type"], "error", "{frame}");
        if frame["type"] == "result" {
            let (id, execution) = (frame["id"].as_str().unwrap().to_owned(), &frame["execution"]);
            let status = execution["status"].as_str().unwrap().to_owned();
            if status == "success" {
                assert_eq!(execution["stdout"], format!("{}\n", id.trim_start_matches('r')));
            }
            ends.entry(id).or_default().push(status);
            live -= 1;
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
    // Nothing comes after: an answer of the server's is next.
    client.send(json!({"type": "clock", "time_ms": 0})).await;
    assert_eq!(client.next().await["type"], "clock");
    ends
}
