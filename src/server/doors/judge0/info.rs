//! What Judge0 tells of itself: languages, statuses, version, limits, load. Called by `judge0`.

use super::ask::{MOST_EXTRA, MOST_RUNS, MOST_STACK};
use super::record::status;
use super::{BATCH, CALLBACK, CALLBACK_TRIES, VERSION, languages, refuse, refused};
use crate::protocol::Code;
use crate::server::Server;
use crate::server::doors::{json, usable};
use crate::toolchain::{Kind, Toolchain};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// That statistics go back.
const DAYS: usize = 30;
const DAY_MS: u64 = 86_400_000;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/languages", get(all_languages))
        .route("/languages/", get(all_languages))
        .route("/languages/all", get(even_archived))
        .route("/languages/{id}", get(language))
        .route("/statuses", get(statuses))
        .route("/about", get(about))
        .route("/version", get(async || VERSION))
        .route("/config_info", get(config_info))
        .route("/system_info", get(system_info))
        .route("/workers", get(workers))
        .route("/statistics", get(statistics))
}

/// By their ids.
fn known(server: &Server) -> BTreeMap<u64, &Arc<Toolchain>> {
    usable(server).flat_map(|toolchain| languages::ids(toolchain).iter().map(move |id| (*id, toolchain))).collect()
}

async fn all_languages(State(server): State<Arc<Server>>) -> Response {
    let part = |(id, toolchain): (&u64, &&Arc<Toolchain>)| json!({"id": id, "name": languages::name(toolchain)});
    json(StatusCode::OK, &known(&server).iter().map(part).collect::<Vec<_>>())
}

/// There are no archived ones: an old id is the toolchain of today.
async fn even_archived(State(server): State<Arc<Server>>) -> Response {
    let part = |(id, toolchain): (&u64, &&Arc<Toolchain>)| json!({"id": id, "name": languages::name(toolchain), "is_archived": false});
    json(StatusCode::OK, &known(&server).iter().map(part).collect::<Vec<_>>())
}

async fn language(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Response {
    let known = known(&server);
    let found = id.parse::<u64>().ok().and_then(|id| known.get(&id).map(|toolchain| (id, *toolchain)));
    let Some((id, toolchain)) = found else {
        return refuse(refused(StatusCode::NOT_FOUND, Code::UnknownLanguage, "there is no language with this id"));
    };
    let (compile, run) = match &toolchain.kind {
        Kind::Wasm { .. } => (None, None),
        Kind::Docker(recipe) => (recipe.compile.as_ref().map(|words| words.join(" ")), Some(recipe.run.join(" "))),
    };
    let (name, source) = (languages::name(toolchain), toolchain.main.as_str());
    json(
        StatusCode::OK,
        &json!({"id": id, "name": name, "is_archived": false, "source_file": source, "compile_cmd": compile, "run_cmd": run}),
    )
}

async fn statuses() -> Response {
    json(StatusCode::OK, &(1..=14).map(status).collect::<Vec<_>>())
}

async fn about() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    json(StatusCode::OK, &json!({"version": VERSION, "homepage": null, "source_code": null, "maintainer": format!("Runnel {version}")}))
}

#[expect(clippy::cast_precision_loss, reason = "far below the numbers that a float can't tell apart")]
async fn config_info(State(server): State<Arc<Server>>) -> Response {
    let (usual, most) = (&server.usual.usual, &server.usual.most);
    let seconds = |milliseconds: u64| milliseconds as f64 / 1000.0;
    let admissions = server.runner.admissions();
    let told = json!({
        "maintenance_mode": server.runner.is_draining(),
        "enable_wait_result": true,
        "enable_compiler_options": true,
        "allowed_languages_for_compile_options": [],
        "enable_command_line_arguments": true,
        "enable_submission_delete": true,
        "enable_callbacks": !server.doors.callback_hosts.is_empty(),
        "callbacks_max_tries": CALLBACK_TRIES,
        "callbacks_timeout": CALLBACK.as_secs_f64(),
        "enable_additional_files": true,
        "max_queue_size": admissions.cells.bounds().queue,
        "cpu_time_limit": seconds(usual.time_ms),
        "max_cpu_time_limit": seconds(most.time_ms),
        "cpu_extra_time": 0.5,
        "max_cpu_extra_time": MOST_EXTRA,
        "wall_time_limit": seconds(usual.wall_ms),
        "max_wall_time_limit": seconds(most.wall_ms),
        "memory_limit": usual.memory_mb << 10,
        "max_memory_limit": most.memory_mb << 10,
        "stack_limit": 64_000,
        "max_stack_limit": MOST_STACK,
        "max_processes_and_or_threads": usual.processes,
        "max_max_processes_and_or_threads": most.processes,
        "enable_per_process_and_thread_time_limit": false,
        "allow_enable_per_process_and_thread_time_limit": true,
        "enable_per_process_and_thread_memory_limit": false,
        "allow_enable_per_process_and_thread_memory_limit": true,
        "max_file_size": usual.files_mb << 10,
        "max_max_file_size": most.files_mb << 10,
        "number_of_runs": 1,
        "max_number_of_runs": MOST_RUNS,
        "redirect_stderr_to_stdout": false,
        "max_extract_size": most.files_mb << 10,
        "enable_batched_submissions": true,
        "max_submission_batch_size": BATCH,
        "submission_cache_duration": 0.0,
        "use_docs_as_homepage": false,
        "allow_enable_network": false,
        "enable_network": false,
    });
    json(StatusCode::OK, &told)
}

async fn system_info(State(server): State<Arc<Server>>) -> Response {
    let figures = server.machine.figures();
    let mebibytes = |bytes: u64| format!("{}M", bytes >> 20);
    let told = json!({
        "Architecture": std::env::consts::ARCH,
        "CPU(s)": figures.cpu_allocatable_milli.div_ceil(1000).to_string(),
        "Mem": mebibytes(figures.memory.allocatable),
    });
    json(StatusCode::OK, &told)
}

async fn workers(State(server): State<Arc<Server>>) -> Response {
    let (desk, cells) = (&server.runner.admissions().cells, server.runner.engines().wasm.processes().len());
    let ((live, queued), busy) = (desk.load(), desk.bounds().busy);
    let working = live.min(busy);
    let told = json!([{
        "queue": VERSION,
        "size": queued,
        "available": if cells > 0 { busy } else { 0 },
        "idle": busy - working,
        "working": working,
        "paused": 0,
        "failed": 0,
    }]);
    json(StatusCode::OK, &told)
}

/// Of the submissions that are kept.
async fn statistics(State(server): State<Arc<Server>>) -> Response {
    match counted(&server) {
        Ok(told) => json(StatusCode::OK, &told),
        Err(fault) => refuse(fault.into()),
    }
}

fn counted(server: &Server) -> Result<Value, crate::server::doors::kept::Fault> {
    let counts = server.kept()?.counts("judge0/")?;
    let today = super::run::now() / DAY_MS;
    let (mut by_language, mut by_status, mut by_day, mut bytes) =
        (BTreeMap::<u64, u64>::new(), BTreeMap::<u64, u64>::new(), [0_u64; DAYS], 0);
    for (time, size, about) in &counts {
        bytes += size;
        *by_language.entry(about >> 8).or_default() += 1;
        *by_status.entry(about & 0xff).or_default() += 1;
        if let Some(day) = usize::try_from(today.saturating_sub(time / DAY_MS)).ok().and_then(|day| by_day.get_mut(day)) {
            *day += 1;
        }
    }
    let known = known(server);
    let name = |id: &u64| known.get(id).map(|toolchain| languages::name(toolchain));
    let languages: Vec<_> =
        by_language.iter().map(|(id, count)| json!({"language": {"id": id, "name": name(id)}, "count": count})).collect();
    let statuses: Vec<_> =
        by_status.iter().map(|(id, count)| json!({"status": status(u8::try_from(*id).unwrap_or(0)), "count": count})).collect();
    Ok(json!({
        "submissions": {"total": counts.len(), "today": by_day[0], "last_30_days": by_day},
        "languages": languages,
        "statuses": statuses,
        "database": {"size_in_bytes": bytes, "size_pretty": format!("{} kB", bytes.div_ceil(1024))},
    }))
}
