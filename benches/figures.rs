//! The figures of `benches/README.md`, measured through the real doors. Each is a ratio of two things measured by turns
//! in one run, or a difference, because machines are shared and noisy.
//!
//! `cargo bench --bench figures -- [--quick] [--report] [NAME …]`: the short form, `benches/report.md`, some figures only.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on has failed")]

#[path = "figures/batch.rs"]
mod batch;
#[path = "figures/breakdown.rs"]
mod breakdown;
#[cfg(feature = "amqp")]
#[path = "../tests/it/queue/broker.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod broker;
#[path = "figures/cell.rs"]
mod cell;
#[path = "../tests/it/client.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod client;
#[cfg(feature = "amqp")]
#[path = "figures/cluster.rs"]
mod cluster;
#[path = "figures/containers.rs"]
mod containers;
/// The tests may put a gateway in the place of each server; here each is what it is called.
#[cfg(feature = "amqp")]
mod gateway {
    pub(crate) fn in_place_of(_: &str, _: &[&str]) -> Option<crate::client::Server> {
        None
    }
}
#[path = "figures/growth.rs"]
mod growth;
#[path = "figures/hello.rs"]
mod hello;
#[path = "figures/judging.rs"]
mod judging;
#[path = "figures/load.rs"]
mod load;
#[path = "figures/machine.rs"]
mod machine;
#[path = "figures/memory.rs"]
mod memory;
#[path = "figures/output.rs"]
mod output;
#[path = "figures/peers.rs"]
mod peers;
#[path = "figures/plot.rs"]
mod plot;
#[path = "figures/programs.rs"]
mod programs;
#[path = "figures/report.rs"]
mod report;
/// The tests hold each frame against the schema; here that would be measured.
mod schema {
    pub(crate) fn check(_: &str, _: &serde_json::Value) {}
}
#[path = "figures/throughput.rs"]
mod throughput;
#[path = "figures/workspaces.rs"]
mod workspaces;

use peers::Peers;
use report::Report;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// In the order of the report.
const FIGURES: [&str; 17] = [
    "hello",
    "languages",
    "cells",
    "clients",
    "programs",
    "breakdown",
    "memory",
    "output",
    "limits",
    "growth",
    "judging",
    "batch",
    "workspaces",
    "containers",
    "cluster",
    "load",
    "long",
];
/// What the goals and the short form are about.
const QUICK: [&str; 5] = ["hello", "cells", "programs", "breakdown", "output"];

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (is_quick, is_report) = (has("--quick"), has("--report"));
    let only: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = only.iter().find(|name| !FIGURES.contains(name)) {
        eprintln!("there is no figure `{unknown}`\nhint: {}", FIGURES.join(", "));
        return std::process::ExitCode::from(2);
    }
    // Minutes of the same: only for who asks.
    let is_wanted =
        |name: &&str| if only.is_empty() { if is_quick { QUICK.contains(name) } else { *name != "long" } } else { only.contains(name) };
    let began = machine::Busy::now();
    client::prepare();
    let peers = Peers::prepare();
    let mut report = Report::new(is_quick);
    for (name, why) in peers.known.iter().filter_map(|(name, state)| Some((name, state.as_ref().err()?))) {
        report.not_measured(name, why);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (start, mut failed) = (Instant::now(), false);
    for name in FIGURES.iter().filter(|name| is_wanted(name)) {
        let from = Instant::now();
        // One that fails, for want of Docker say, leaves the others alone.
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(figure(name, &mut report, &peers))));
        if let Err(fault) = done {
            let why = fault.downcast_ref::<String>().map(String::as_str).or(fault.downcast_ref::<&str>().copied()).unwrap_or("it failed");
            report.not_measured(&format!("the figure `{name}`, or the rest of it"), &in_a_line(why));
            failed = true;
        }
        println!("({name}: {:.0} s)", from.elapsed().as_secs_f64());
    }
    report.tell_goals();
    if is_report {
        let command = if is_quick { "make bench-quick" } else { "make bench" };
        report.write(&peers::root().join("benches"), &machine::intro(&peers, &began, start.elapsed(), command));
    }
    std::process::ExitCode::from(u8::from(failed))
}

/// What of a panic's words says most: of a frame that was not expected, how the run ended.
fn in_a_line(why: &str) -> String {
    let told = why.lines().filter(|line| ["\"status\"", "\"message\"", "\"code\"", "left:", "right:"].iter().any(|key| line.contains(key)));
    let told: Vec<&str> = told.map(str::trim).collect();
    if told.is_empty() { why.lines().next().unwrap_or_default().to_owned() } else { told.join(" ") }
}

async fn figure(name: &str, report: &mut Report, peers: &Peers) {
    match name {
        "hello" => hello::hello(report, peers).await,
        "languages" => hello::languages(report).await,
        "cells" => throughput::cells(report, peers).await,
        "clients" => throughput::clients(report).await,
        "programs" => programs::programs(report, peers).await,
        "breakdown" => breakdown::breakdown(report).await,
        "memory" => memory::memory(report).await,
        "output" => output::output(report).await,
        "limits" => output::limits(report).await,
        "growth" => growth::growth(report).await,
        "judging" => judging::judging(report).await,
        "batch" => batch::batch(report).await,
        "workspaces" => workspaces::workspaces(report).await,
        "containers" => containers::containers(report).await,
        #[cfg(feature = "amqp")]
        "cluster" => cluster::cluster(report).await,
        #[cfg(not(feature = "amqp"))]
        "cluster" => report.not_measured("the figure `cluster`", "this binary was built without RabbitMQ"),
        "load" => load::load(report).await,
        "long" => load::long(report).await,
        other => unreachable!("`{other}` is no figure"),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
