//! What an operator or a load balancer asks: alive, ready, languages, and what frames look like.

use super::Server;
use crate::engine::Readiness;
use crate::standing::Bond;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
struct ReadyPart {
    ready: bool,
    draining: bool,
    languages: BTreeMap<String, &'static str>,
    cells: usize,
    hardening: Option<HardeningPart>,
    live: usize,
    queued: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    broker: Option<BrokerPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<usize>,
}

/// Of a worker or a gateway.
#[derive(Serialize)]
struct BrokerPart {
    state: &'static str,
    reason: Option<String>,
    waiting: Option<i64>,
}

/// The second wall, part by part.
#[derive(Serialize)]
struct HardeningPart {
    whole: bool,
    no_new_privs: bool,
    seccomp: bool,
    landlock: bool,
}

pub(super) async fn readyz(State(server): State<Arc<Server>>) -> Response {
    let engines = server.runner.engines();
    let state = |toolchain: &Arc<crate::toolchain::Toolchain>| (toolchain.name.clone(), engines.readiness(toolchain).word());
    let (live, queued) = server.runner.admissions().load();
    let cells = engines.wasm.processes().len();
    let hardening = engines.wasm.wall().map(|wall| {
        let crate::link::Wall { no_new_privs, seccomp, landlock } = wall;
        HardeningPart { whole: wall.is_whole(), no_new_privs, seccomp, landlock }
    });
    let draining = server.runner.is_draining();
    let languages: BTreeMap<_, _> = server.rules.toolchains.iter().map(state).collect();
    let gateway = engines.gateway.as_deref();
    let standing = server.standing.get().map(|standing| &**standing).or(gateway.map(|gateway| &gateway.standing));
    let bond = standing.map(|standing| (standing.bond(), standing.waiting()));
    let workers = gateway.map(|gateway| gateway.workers().0);
    let is_bound = bond.as_ref().is_none_or(|(bond, _)| *bond == Bond::Up);
    let broker = bond.map(|(bond, waiting)| BrokerPart { state: bond.word(), reason: bond.why().map(str::to_owned), waiting });
    // Without a worker a gateway's jobs wait at the broker, for one that is started because they wait.
    let can_run = gateway.is_some() || cells > 0 && languages.values().any(|&state| state == Readiness::Ready.word());
    let ready = is_bound && !draining && can_run;
    let body = crate::protocol::render::json(&ReadyPart { ready, draining, languages, cells, hardening, live, queued, broker, workers });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn languages(State(server): State<Arc<Server>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::protocol::render::json(&server.languages())).into_response()
}

pub(super) async fn schema() -> Response {
    document(crate::protocol::schema())
}

pub(super) async fn asyncapi() -> Response {
    document(crate::protocol::asyncapi())
}

/// For clients' builds, which may be anywhere.
fn document(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")], text).into_response()
}
