//! A server with more to do than it can: what it costs whoever is refused, and whoever wants little. And whether it
//! grows with what it has done.

use crate::client::{Client, Server};
use crate::median;
use crate::report::Report;
use serde_json::json;
use std::time::{Duration, Instant};

pub(crate) async fn load(report: &mut Report) {
    report.section("More to do than can be done");
    refusal(report).await;
    fairness(report).await;
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// How long a client waits to be told that there is no place, while every core is busy.
async fn refusal(report: &mut Report) {
    const RUNS: usize = 32;
    let server = Server::start(&["--set", "desk.live=16", "--set", "desk.queue=16"]);
    let mut busy = server.connect().await;
    let endless = json!({"language": "python", "code": "while True: pass", "limits": {"time_ms": 60_000}});
    for id in 0..RUNS {
        busy.begin(&id.to_string(), endless.clone()).await;
    }
    // Those in front have a core, and those behind them the whole queue.
    let mut started = 0;
    while started < 8 {
        started += usize::from(busy.next().await["type"] == "started");
    }
    let mut client = server.connect().await;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let start = Instant::now();
        client.begin("r", endless.clone()).await;
        let frame = client.next().await;
        times.push(start.elapsed());
        assert_eq!(frame["code"], "busy", "{frame}");
    }
    report.say(format!(
        "A full queue refuses in p50 {:.2?}, p99 {:.2?} ({} refusals), every core busy.",
        median(times.clone()),
        p99(times.clone()),
        times.len()
    ));
}

/// A short interactive run, alone and beside a client that keeps the machine full.
async fn fairness(report: &mut Report) {
    const AT_ONCE: usize = 200;
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut idle = Vec::new();
    for round in 0..120 {
        let time = dialogue(&mut client).await;
        if round >= 20 {
            idle.push(time);
        }
    }
    let mut batch = server.connect().await;
    let work = json!({"language": "python", "code": "n = 0\nfor i in range(1_000_000): n += i", "stream": false, "priority": "batch"});
    let filling = async {
        for id in 0..AT_ONCE {
            batch.begin(&id.to_string(), work.clone()).await;
        }
        let mut next = AT_ONCE;
        loop {
            if batch.next().await["type"] == "result" {
                batch.begin(&next.to_string(), work.clone()).await;
                next += 1;
            }
        }
    };
    let measuring = async {
        let mut times = Vec::new();
        tokio::time::sleep(Duration::from_secs(2)).await;
        // A hundred of them, or what there is in a minute.
        let end = Instant::now() + Duration::from_secs(60);
        while times.len() < 100 && Instant::now() < end {
            times.push(dialogue(&mut client).await);
        }
        times
    };
    let times = tokio::select! {
        () = filling => unreachable!("the batch has no end"),
        times = measuring => times,
    };
    let (idle, loaded, count) = (median(idle), p99(times.clone()), times.len());
    report.say(format!(
        "A short dialogue takes p50 {idle:.2?} alone; beside a batch of {AT_ONCE} runs at once p50 {:.2?}, p99 {loaded:.2?} ({count} runs): {:.1} times as long.",
        median(times),
        loaded.as_secs_f64() / idle.as_secs_f64()
    ));
}

/// One question, one answer.
async fn dialogue(client: &mut Client) -> Duration {
    let start = Instant::now();
    client.begin("r", json!({"language": "python", "code": "print(int(input()) * 2)", "interactive": true})).await;
    loop {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "waiting" => client.send(json!({"type": "stdin", "id": "r", "data": "21\n", "eof": true})).await,
            "result" => {
                assert_eq!(frame["execution"]["stdout"], "42\n", "{frame}");
                return start.elapsed();
            }
            _ => {}
        }
    }
}

/// What server and cells hold after many runs, and after ten times as many.
pub(crate) async fn long(report: &mut Report) {
    report.section("Memory after many runs");
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut ended = 0;
    let mut memory_after = async |count: usize| {
        let (mut sent, start, first) = (ended, Instant::now(), ended);
        while ended < count {
            while sent < count && sent - ended < 16 {
                client.begin(&sent.to_string(), json!({"language": "javascript", "code": "console.log('hello')", "stream": false})).await;
                sent += 1;
            }
            ended += usize::from(client.next().await["type"] == "result");
        }
        let rate = (ended - first) as f64 / start.elapsed().as_secs_f64();
        // What is being torn down is no longer anybody's.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let memory = server.memory() as f64 / 1024.0;
        report.say(format!("{memory:.1} MB private in server and cells after {count} JavaScript runs ({rate:.0} runs/s)."));
        memory
    };
    let before = memory_after(10_000).await;
    let after = memory_after(100_000).await;
    report.say(format!("Ratio {:.3}.", after / before));
}
