//! How much the server has to do, and what its machine has for it: totals that everybody may see. Asked by the socket's
//! `glance` and by `GET /v1/glance`.

use super::Server;
use super::http::Refused;
use crate::machine::{Figures, Space};
use crate::protocol::answers::{CpuPart, GlanceFrame, MostPart, SpacePart, wants_machine};
use crate::protocol::{body, render};
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

pub(super) fn frame(server: &Server, machine: bool) -> String {
    let (engines, admissions) = (server.runner.engines(), server.runner.admissions());
    let (live, queued) = admissions.load();
    let desks = [Some(&admissions.cells), engines.docker.is_enabled().then_some(&admissions.containers)];
    let bounds = || desks.iter().flatten().map(|desk| desk.bounds());
    let most = MostPart { live: bounds().map(|bounds| bounds.live).sum(), queued: bounds().map(|bounds| bounds.queue).sum() };
    let figures = machine.then(|| server.machine.figures());
    let frame = GlanceFrame {
        kind: "glance",
        live,
        queued,
        cells: engines.wasm.processes().len(),
        pool: engines.docker.warm(),
        most,
        cpu: figures.map(cpu),
        memory: figures.map(|figures| space(figures.memory)),
        storage: figures.map(|figures| space(figures.storage)),
    };
    render::json(&frame)
}

fn cpu(figures: Figures) -> CpuPart {
    CpuPart {
        allocatable_milli: figures.cpu_allocatable_milli,
        used_milli: figures.cpu_used_milli,
        over_ms: u64::try_from(figures.cpu_over.as_millis()).unwrap_or(u64::MAX),
    }
}

fn space(Space { allocatable, used }: Space) -> SpacePart {
    SpacePart { allocatable_mb: allocatable >> 20, used_mb: used >> 20 }
}

/// `GET /v1/glance`.
pub(super) async fn glance(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    match wants_machine(uri.query().unwrap_or_default()) {
        Ok(machine) => ([(CONTENT_TYPE, "application/json")], body::without_type(&frame(&server, machine))).into_response(),
        Err(refusal) => Refused::from(refusal).into_response(),
    }
}
