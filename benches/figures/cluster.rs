//! What a broker between client and program costs: jobs per second out of a queue, jobs per second and a hello through a gateway, each against the same machine without.

use crate::broker::{Broker, Queues};
use crate::client::{Client, Server, runnel};
use crate::report::{Bound, Report, Times, middle};
use crate::throughput::rate;
use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// One cell, so that the broker, the client and the gateway have a core of their own on two.
const SMALL: [&str; 3] = ["docker.enabled=false", "cells.count=1", "desk.live=200"];
const HELLO: &str = "print(\"hello\")";
/// What batches are made of: it reads, counts, sorts and prints, for some 4 ms.
const SMALL_PROGRAM: &str = "\
import random
from collections import Counter
random.seed(7)
words = [''.join(random.choices('abcde', k=3)) for _ in range(1500)]
for word, count in sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[:20]:
    print(word, count)
";

pub(crate) async fn cluster(report: &mut Report) {
    report.section("A broker in between");
    let Some(broker) = Broker::start() else { return report.not_measured("the figure `cluster`", "RUNNEL_TEST_QUEUE=0") };
    report.say(
        "RabbitMQ, gateway, worker and client share the cores of one machine; worker and single server have one cell each. By turns; quorum queues of jobs, durable and confirmed.",
    );
    let queues = Queues::new(&broker).await;
    let names = queues.settings();
    let settings = || SMALL.into_iter().chain(names.iter().map(String::as_str)).flat_map(|setting| ["--set", setting]);
    let mut command = runnel();
    command.args(["worker", "--queue", &broker.url(), "--listen", "127.0.0.1:0"]).args(settings());
    let worker = Server::begin(command);
    let mut command = runnel();
    command.args(["serve", "--backend", &broker.url(), "--listen", "127.0.0.1:0"]);
    let gateway = Server::begin(command);
    let single = Server::start(&["--set", "cells.count=1", "--set", "desk.live=200"]);
    until(|| worker.get("/readyz").0 == 200).await;
    until(|| ready(&gateway)["workers"] == 1).await;
    hello(report, &gateway, &single).await;
    jobs(report, &queues, &gateway, &single).await;
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ready(server: &Server) -> Value {
    serde_json::from_str(&server.get("/readyz").1).unwrap()
}

async fn hello(report: &mut Report, gateway: &Server, single: &Server) {
    let (mut abroad, mut here) = (gateway.connect().await, single.connect().await);
    let (mut with, mut without) = (Times::default(), Times::default());
    for round in 0..report.rounds(2000, 400) + 50 {
        for (client, times) in [(&mut abroad, &mut with), (&mut here, &mut without)] {
            let time = once(client).await;
            if round >= 50 {
                times.push(time);
            }
        }
    }
    let row = |name: &str, times: &Times| [vec![name.to_owned()], times.cells().to_vec()].concat();
    report.table(&["Python hello, one warm connection", "p50", "p99", "runs"], vec![row("single", &without), row("gateway", &with)]);
    report.goal("added by a gateway to a Python hello, p50", with.ms() - without.ms(), "ms", Bound::AtMost(5.0));
}

async fn once(client: &mut Client) -> Duration {
    let start = Instant::now();
    client.run(json!({"language": "python", "code": HELLO})).await.succeeded();
    start.elapsed()
}

/// The same jobs by turns: to the single server, out of a queue, through the gateway.
async fn jobs(report: &mut Report, queues: &Queues, gateway: &Server, single: &Server) {
    let mut rows = Vec::new();
    for (what, code, count) in [("hello", HELLO, 1000), ("small program", SMALL_PROGRAM, 400)] {
        let (mut alone, mut queued, mut abroad) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=3 {
            let count = if round == 0 { count / 5 } else { count };
            let of_single = rate(single, "python", code, count).await;
            let (of_queue, of_gateway) = (drained(queues, code, count).await, rate(gateway, "python", code, count).await);
            if round > 0 {
                alone.push(of_single);
                queued.push(of_queue);
                abroad.push(of_gateway);
            }
        }
        let (alone, queued, abroad) = (middle(alone), middle(queued), middle(abroad));
        let row = |place: &str, rate: f64| vec![what.to_owned(), place.to_owned(), format!("{rate:.0}"), format!("{:.2}", rate / alone)];
        rows.push(row("single server, 16 under way", alone));
        rows.push(row("worker, out of a queue", queued));
        rows.push(row("gateway and worker, 16 under way", abroad));
        report.goal(
            &format!("jobs/s of a worker out of RabbitMQ, to the same machine without, {what}"),
            queued / alone,
            "",
            Bound::AtLeast(0.8),
        );
        report.goal(
            &format!("jobs/s through a gateway and a worker, to the same machine without, {what}"),
            abroad / alone,
            "",
            Bound::AtLeast(0.8),
        );
    }
    report.table(&["Python, one cell", "where", "jobs/s", "of the single server's"], rows);
}

/// From the first job in the queue to the last result.
async fn drained(queues: &Queues, code: &str, count: usize) -> f64 {
    let channel = queues.channel();
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut results = channel.basic_consume(queues.results.as_str().into(), "".into(), options, FieldTable::default()).await.unwrap();
    let job = json!({"language": "python", "code": code}).to_string();
    let start = Instant::now();
    let mut confirms = Vec::new();
    for _ in 0..count {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default().with_delivery_mode(2));
        let published = channel.basic_publish("".into(), queues.jobs.as_str().into(), options, job.as_bytes(), properties).await;
        confirms.push(published.unwrap());
    }
    for confirm in confirms {
        confirm.await.unwrap();
    }
    for _ in 0..count {
        results.next().await.unwrap().unwrap();
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    channel.basic_cancel(results.tag(), BasicCancelOptions::default()).await.unwrap();
    rate
}
