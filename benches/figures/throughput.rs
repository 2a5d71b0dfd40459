//! Runs per second: against the number of cells, and against the number of clients.

use crate::client::{Client, Server};
use crate::peers::{self, Peers, path};
use crate::plot::{Axis, Plot, Scale, Series};
use crate::report::{Bound, Report, Times, middle, told};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

const LANGUAGES: [(&str, &str); 2] = [("python", "print(\"hello\")"), ("javascript", "console.log(\"hello\")")];
/// Computing, and how far it counts for some 30 ms on a quick machine: what client and server take of the cores beside that hardly counts.
const WORK: [(&str, &str, usize); 2] = [
    ("python", "print(sum(n * n % 7 for n in range(COUNT)))", 150_000),
    ("javascript", "let sum = 0; for (let n = 0; n < COUNT; n++) sum += n * n % 7; console.log(sum)", 240_000),
];

fn work((language, code, count): (&'static str, &str, usize), times: usize) -> (&'static str, String) {
    (language, code.replace("COUNT", &(count * times).to_string()))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How much more two native processes compute at once than one: what this machine has of a second core. The same computing as ours, forty times as long.
fn natively(report: &mut Report, peers: &Peers) {
    let mut natives = vec![("python3", vec![peers::python(), "-c".to_owned(), work(WORK[0], 40).1])];
    if peers.has("qjs") {
        natives.push(("qjs", vec![path("qjs"), "-e".to_owned(), work(WORK[1], 40).1]));
    }
    for (name, words) in natives {
        let gains = (0..report.rounds(3, 1)).map(|_| {
            let alone = peers::timed(&words);
            let start = Instant::now();
            std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(|| peers::timed(&words)))));
            2.0 * alone.as_secs_f64() / start.elapsed().as_secs_f64()
        });
        let gain = middle(gains.collect());
        report.say(format!("Two native processes at once, computing the same in {name}: {gain:.2} times as much as one. So much has this machine of a second core."));
    }
}

/// Each number of cells, kept busy, by turns.
pub(crate) async fn cells(report: &mut Report, peers: &Peers) {
    report.section("Runs per second against cells");
    report.say(
        "One client, 16 runs under way, hellos and programs that compute for some 30 ms; each number of cells is a server of its own, by turns. \
         Client and server share the cores with the cells: of a hello they take as much as the program, so that a second cell has little left.",
    );
    let most = cores().max(2);
    let counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|count| *count < most).chain([most]).collect();
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    let hellos = LANGUAGES.map(|(language, code)| (language, "hello", code.to_owned(), 1000));
    // So many that it hardly counts which cell has nothing left to do first.
    let works = WORK.map(|one| work(one, 1)).map(|(language, code)| (language, "computing", code, report.rounds(150, 100)));
    let rounds = report.rounds(7, 3);
    for (language, what, code, runs) in hellos.into_iter().chain(works) {
        let servers: Vec<Server> =
            counts.iter().map(|count| Server::start(&["--set", &format!("cells.count={count}"), "--set", "desk.live=200"])).collect();
        let mut rates = vec![Vec::new(); counts.len()];
        for round in 0..=rounds {
            for (server, rates) in servers.iter().zip(&mut rates) {
                let rate = rate(server, language, &code, if round == 0 { runs / 5 } else { runs }).await;
                if round > 0 {
                    rates.push(rate);
                }
            }
        }
        // Of each round by itself: what else the machine did then, it did to both.
        let gains: Vec<f64> = rates.iter().map(|own| middle(own.iter().zip(&rates[0]).map(|(rate, one)| rate / one).collect())).collect();
        let rates: Vec<f64> = rates.into_iter().map(middle).collect();
        for ((count, rate), gain) in counts.iter().zip(&rates).zip(&gains) {
            rows.push(vec![language.to_owned(), what.to_owned(), count.to_string(), format!("{rate:.0}"), format!("{gain:.2}")]);
        }
        series.push(Series {
            name: format!("{language}, {what}"),
            points: counts.iter().map(|&count| count as f64).zip(rates.iter().copied()).collect(),
        });
        let at_two = counts.iter().position(|&count| count == 2).map_or(1.0, |index| gains[index]);
        report.goal(&format!("runs/s of two cells to one, {language}, {what}"), at_two, "", Bound::AtLeast(1.9));
    }
    report.table(&["language", "program", "cells", "runs/s", "of one cell's"], rows);
    natively(report, peers);
    let (x, y) = (Axis { label: "cells", scale: Scale::Linear }, Axis { label: "runs/s", scale: Scale::Log });
    report.plot("cells", "Runs per second against cells", &Plot::Lines { x, y, series });
}

/// One client with 16 hellos under way.
pub(crate) async fn rate(server: &Server, language: &str, code: &str, count: usize) -> f64 {
    let mut client = server.connect().await;
    let run = |id: usize| json!({"type": "run", "id": id.to_string(), "language": language, "code": code, "stream": false});
    let (mut sent, mut ended) = (0, 0);
    let start = Instant::now();
    while ended < count {
        while sent < count && sent - ended < 16 {
            client.send(run(sent)).await;
            sent += 1;
        }
        // Not parsed: the client takes of the cores that are measured.
        let Some(Message::Text(frame)) = client.message().await else { continue };
        assert!(!frame.starts_with("{\"type\":\"error\""), "{frame}");
        ended += usize::from(frame.starts_with("{\"type\":\"result\""));
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// Clients with a connection each, which ask again as soon as they were answered.
pub(crate) async fn clients(report: &mut Report) {
    const COUNTS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
    report.section("Runs per second against concurrent clients");
    report.say("Each client has a connection of its own and one hello under way.");
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for (language, code) in LANGUAGES {
        let server = Server::start(&[]);
        rate(&server, language, code, 200).await;
        let mut points = Vec::new();
        for count in COUNTS {
            let (rate, times) = crowd(&server, count, json!({"language": language, "code": code}), Duration::from_millis(1500)).await;
            rows.push(vec![
                language.to_owned(),
                count.to_string(),
                format!("{rate:.0}"),
                told(times.p50()),
                told(times.p99()),
                times.count().to_string(),
            ]);
            points.push((count as f64, rate));
        }
        series.push(Series { name: language.to_owned(), points });
    }
    report.table(&["language", "clients", "runs/s", "latency p50", "p99", "runs"], rows);
    let (x, y) = (Axis { label: "clients", scale: Scale::Log }, Axis { label: "runs/s", scale: Scale::Linear });
    report.plot("clients", "Runs per second against concurrent clients", &Plot::Lines { x, y, series });
}

async fn crowd(server: &Server, count: usize, job: Value, lasting: Duration) -> (f64, Times) {
    let mut all: FuturesUnordered<_> = FuturesUnordered::new();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..count {
        clients.push(server.connect().await);
    }
    let start = Instant::now();
    for mut client in clients {
        let job = job.clone();
        all.push(async move {
            let mut times = Vec::new();
            while start.elapsed() < lasting {
                let begin = Instant::now();
                client.run(job.clone()).await.succeeded();
                times.push(begin.elapsed());
            }
            times
        });
    }
    let mut times = Times::default();
    while let Some(of_one) = all.next().await {
        of_one.into_iter().for_each(|time| times.push(time));
    }
    (times.count() as f64 / start.elapsed().as_secs_f64(), times)
}
