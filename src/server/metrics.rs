//! `GET /metrics`: what was counted since the start, and how things are now, as OpenMetrics text, which Prometheus reads. How things are is
//! gathered when somebody asks and kept nowhere. Also counts what passes through HTTP, around the routes that clients use.

use super::Server;
use crate::admission::Admission;
use crate::engine::Readiness;
use crate::gateway::Gateway;
use crate::machine::process;
use crate::metrics::Flow;
use crate::protocol::Code;
use crate::standing::{Bond, Standing};
use crate::toolchain::Kind;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;

pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let mut text = String::new();
    let written = server.runner.metrics().write(&mut text);
    let written = written.and_then(|()| encode_registry(&mut text, &now(&server))).and_then(|()| encode_eof(&mut text));
    match written {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}

/// How things are.
fn now(server: &Server) -> Registry {
    let mut all = Registry::default();
    load(server, all.sub_registry_with_prefix("runnel"));
    machinery(server, all.sub_registry_with_prefix("runnel"));
    if let Some(standing) = server.standing.get() {
        broker(standing, all.sub_registry_with_prefix("runnel_queue"));
    }
    if let Some(gateway) = &server.runner.engines().gateway {
        elsewhere(gateway, all.sub_registry_with_prefix("runnel_gateway"));
    }
    of_processes(server, all.sub_registry_with_prefix("process"));
    all
}

fn load(server: &Server, registry: &mut Registry) {
    let mut family = |name: &str, help: &str| {
        let family = Family::<Labels, Gauge>::default();
        registry.register(name, help, family.clone());
        move |engine: &str, value: usize| set(&family, vec![("engine", engine.to_owned())], value)
    };
    let live = family("runs_live", "Runs that have a place");
    let queued = family("runs_queued", "Runs that wait for a place");
    let most_live = family("runs_live_most", "Runs that may have a place at once");
    let most_queued = family("runs_queued_most", "Runs that may wait; one more is refused as busy");
    let (admissions, docker) = (server.runner.admissions(), &server.runner.engines().docker);
    let tell = |engine: &str, desk: &Admission| {
        let ((now_live, now_queued), bounds) = (desk.load(), desk.bounds());
        live(engine, now_live);
        queued(engine, now_queued);
        most_live(engine, bounds.live);
        most_queued(engine, bounds.queue);
    };
    tell("wasm", &admissions.cells);
    if docker.is_enabled() {
        tell("docker", &admissions.containers);
    }
}

fn machinery(server: &Server, registry: &mut Registry) {
    let engines = server.runner.engines();
    let mut gauge = |name: &str, help: &str, value: usize| registry.register(name, help, ConstGauge::new(figure(value)));
    // A gateway has none, and nobody is to be called because of that.
    if engines.gateway.is_none() {
        gauge("cells", "Cells that take orders", engines.wasm.processes().len());
        gauge("cell_executions", "Executions that live in cells", engines.wasm.live());
    }
    gauge("connections", "WebSocket connections that are open", server.sockets.count());
    gauge("workspaces", "Workspaces that there are", server.runner.workspaces().count());
    gauge("draining", "Whether the server is shutting down", usize::from(server.runner.is_draining()));
    let containers = Family::<Labels, Gauge>::default();
    let mut census = engines.docker.census();
    for toolchain in server.rules.toolchains.iter().filter(|toolchain| matches!(toolchain.kind, Kind::Docker(_))) {
        census.entry(toolchain.name.clone()).or_default();
    }
    for (language, census) in census {
        for (state, count) in [("ready", census.ready), ("busy", census.busy), ("creating", census.creating)] {
            set(&containers, vec![("language", language.clone()), ("state", state.to_owned())], count);
        }
    }
    registry.register("containers", "Containers by what they do; those that are ready are the pool", containers);
    let languages = Family::<Labels, Gauge>::default();
    for toolchain in server.rules.toolchains.iter() {
        let labels = vec![("language", toolchain.name.clone()), ("engine", toolchain.kind.engine().to_owned())];
        set(&languages, labels, usize::from(engines.readiness(toolchain) == Readiness::Ready));
    }
    registry.register("language_ready", "Whether programs of a language can run now", languages);
    let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("build", crate::BUILD)]);
    registry.register("build", "What the server was built from", build);
}

fn broker(standing: &Standing, registry: &mut Registry) {
    let mut counter = |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
    counter("consumed", "Jobs that came from the broker, those that came again included", &standing.consumed);
    counter("redelivered", "Jobs that had come to a worker before", &standing.redelivered);
    counter("published", "Answers that the broker has confirmed", &standing.published);
    counter("dead", "Messages that went to the dead letters", &standing.dead);
    counter("returned", "Jobs that were given back", &standing.returned);
    counter("lost", "Times that the broker was lost", &standing.lost);
    let up = ConstGauge::new(i64::from(standing.bond() == Bond::Up));
    registry.register("up", "Whether jobs come from the broker", up);
    if let Some(waiting) = standing.waiting() {
        registry.register("waiting", "Jobs that wait at the broker for any worker", ConstGauge::new(waiting));
    }
}

/// Of a gateway.
fn elsewhere(gateway: &Gateway, registry: &mut Registry) {
    let mut counter = |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
    counter("sent", "Jobs that were sent to workers", &gateway.counts.sent);
    counter("again", "Jobs that were sent a second time, because whoever had them was lost", &gateway.counts.again);
    counter("workers_lost", "Workers that were lost in the middle of runs", &gateway.counts.workers_lost);
    counter("lost", "Times that the broker was lost", &gateway.standing.lost);
    let (workers, places) = gateway.workers();
    let mut gauge = |name: &str, help: &str, value: i64| registry.register(name, help, ConstGauge::new(value));
    gauge("up", "Whether jobs can be sent", i64::from(gateway.standing.bond() == Bond::Up));
    gauge("workers", "Workers that say what they can do", figure(workers));
    gauge("places", "Jobs that these run at once", i64::try_from(places).unwrap_or(i64::MAX));
    if let Some(waiting) = gateway.standing.waiting() {
        gauge("waiting", "Jobs that wait at the broker for any worker", waiting);
    }
}

/// The names that Prometheus's own libraries use, for the server and its cells together.
fn of_processes(server: &Server, registry: &mut Registry) {
    let usage = process::usage(&server.runner.engines().wasm.processes());
    // A cell that is being replaced is not seen for a moment: what was said once stays said, or it would look like a restart.
    let cpu = server.cpu_told.fetch_max(usage.cpu_ms, std::sync::atomic::Ordering::Relaxed).max(usage.cpu_ms);
    let cpu = ConstCounter::new(std::time::Duration::from_millis(cpu).as_secs_f64());
    registry.register_with_unit("cpu", "Processor time of the server and its cells", Unit::Seconds, cpu);
    let help = "Resident memory of the server and its cells; pages that they share count for each";
    registry.register_with_unit("resident_memory", help, Unit::Bytes, ConstGauge::new(i64::try_from(usage.resident).unwrap_or(i64::MAX)));
    let started = server.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    registry.register_with_unit("start_time", "When the server was started", Unit::Seconds, ConstGauge::new(started));
}

fn set(family: &Family<Labels, Gauge>, labels: Labels, value: usize) {
    family.get_or_create(&labels).set(figure(value));
}

fn figure(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Around the routes that clients use.
pub(super) async fn count(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let metrics = server.runner.metrics();
    let request = request.map(|body| counted(body, &metrics.http.incoming));
    let response = next.run(request).await;
    if let Some(code) = response.extensions().get::<Code>() {
        metrics.refusal(code.word()).inc();
    }
    response.map(|body| counted(body, &metrics.http.outgoing))
}

/// Counts a body: now where its length is known, else piece by piece.
fn counted(body: Body, flow: &Flow) -> Body {
    flow.frame(0);
    if let Some(bytes) = body.size_hint().exact() {
        flow.bytes(bytes);
        return body;
    }
    let flow = flow.clone();
    Body::from_stream(body.into_data_stream().inspect_ok(move |piece| flow.bytes(piece.len() as u64)))
}
