//! SandboxFusion's API: one program, or the cells of a notebook, with files in and out. Called by `doors`; `cells.py` runs the cells inside the
//! sandbox. docs/doors-fusion.md says what differs.

use super::{begin, ended, internal, json, lenient_base64, lossy, read, usable};
use crate::access::Caller;
use crate::event::{Compiled, FileLeft, FilesLeft, Outcome};
use crate::judge::{End, Facts, Status};
use crate::limits::Figures;
use crate::protocol::{Code, Refusal, to_base64};
use crate::server::Server;
use crate::server::http::{self, Refused};
use crate::toolchain::Toolchain;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The names that SandboxFusion has for our languages, where they are not ours.
const NAMES: &[(&str, &str)] = &[("javascript", "nodejs")];
/// Runs cells; not for the cells' eyes.
const DRIVER: &str = include_str!("fusion/cells.py");
const DRIVER_PATH: &str = ".runnel-cells.py";
const CELLS_PATH: &str = ".runnel-cells.json";
const ANSWER_PATH: &str = ".runnel-answer.json";
/// What is run at most where nobody says, in s.
const RUN: f64 = 10.0;
const CELLS: f64 = 45.0;

#[derive(Serialize)]
struct CodePart {
    status: &'static str,
    message: String,
    compile_result: Option<CommandPart>,
    run_result: Option<CommandPart>,
    executor_pod_name: Option<String>,
    files: Map<String, Value>,
}

#[derive(Serialize)]
struct CellsPart {
    status: &'static str,
    message: String,
    driver: Option<CommandPart>,
    cells: Value,
    executor_pod_name: Option<String>,
    files: Map<String, Value>,
}

/// One process.
#[derive(Serialize)]
struct CommandPart {
    status: &'static str,
    execution_time: Option<f64>,
    cpu_time: Option<f64>,
    return_code: Option<i32>,
    stdout: Option<String>,
    stderr: Option<String>,
}

/// Of a command, and of all together.
const FINISHED: &str = "Finished";
const ERROR: &str = "Error";
const TIME_LIMIT: &str = "TimeLimitExceeded";
const SUCCESS: &str = "Success";
const FAILED: &str = "Failed";
const SANDBOX_ERROR: &str = "SandboxError";

pub(super) fn routes() -> Router<Arc<Server>> {
    let api = Router::new()
        .route("/run_code", post(run_code))
        .route("/run_jupyter", post(run_jupyter))
        .route("/v1/ping", get(async || json(StatusCode::OK, &"pong")));
    let apart = api.clone().route("/languages", get(languages));
    Router::new().nest("/fusion", apart).merge(api)
}

/// As FastAPI says no: a list of places with what is wrong there, or one sentence.
pub(super) fn refuse(refused: Refused) -> Response {
    let Refused(status, refusal) = refused;
    let is_field = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
    let (status, detail) = match (is_field, refusal.details.field.as_deref()) {
        (true, field) => {
            let kind = if refusal.code == Code::MissingField { "missing" } else { "value_error" };
            let place: Vec<&str> = std::iter::once("body").chain(field.map(theirs)).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, json!([{"type": kind, "loc": place, "msg": refusal.message}]))
        }
        (false, _) => (status, Value::from(refusal.message.as_str())),
    };
    http::mark(json(status, &json!({"detail": detail})), &refusal)
}

/// The field of a request that a frame's was.
fn theirs(field: &str) -> &str {
    match field {
        "limits.wall_ms" | "limits.time_ms" => "run_timeout",
        "limits.compile_ms" => "compile_timeout",
        "limits.memory_mb" => "memory_limit_MB",
        field if field.starts_with("collect") => "fetch_files",
        field if field.starts_with("files") => "files",
        field => field,
    }
}

fn wrong(field: &str, what: impl Into<String>) -> Refusal {
    Refusal::of_field(Code::BadField, field, what)
}

fn missing(field: &str) -> Refusal {
    Refusal::of_field(Code::MissingField, field, "Field required")
}

fn name(toolchain: &Toolchain) -> &str {
    NAMES.iter().find(|(ours, _)| *ours == toolchain.name).map_or(toolchain.name.as_str(), |(_, theirs)| theirs)
}

async fn languages(State(server): State<Arc<Server>>) -> Response {
    json(StatusCode::OK, &usable(&server).map(|toolchain| name(toolchain)).collect::<Vec<_>>())
}

async fn run_code(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, headers: HeaderMap, body: Body) -> Response {
    let _alive = server.connections.token();
    match ran(&server, &caller, &headers, body).await {
        Ok(part) => json(StatusCode::OK, &part),
        Err(refused) => refuse(refused),
    }
}

async fn ran(server: &Server, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<CodePart, Refused> {
    let (body, bytes) = read(server, headers, body).await?;
    let code = text(&body, "code")?.ok_or_else(|| missing("code"))?;
    let language = text(&body, "language")?.ok_or_else(|| missing("language"))?;
    let toolchain = usable(server).find(|toolchain| name(toolchain) == language).ok_or_else(|| {
        let known: Vec<String> = usable(server).map(|toolchain| format!("'{}'", name(toolchain))).collect();
        wrong("language", format!("Input should be {}", known.join(", ")))
    })?;
    let most = &server.usual.most;
    let mut limits = limits(&body, most)?;
    let run = seconds(&body, "run_timeout", RUN, most.wall_ms)?;
    limits.insert("wall_ms".to_owned(), run.into());
    // Theirs is one limit of the wall clock; ours of the processor must not be stricter.
    limits.insert("time_ms".to_owned(), run.min(most.time_ms).into());
    let sent = files(&body)?;
    let mut fields = Map::new();
    fields.insert("language".to_owned(), toolchain.name.as_str().into());
    fields.insert("main".to_owned(), toolchain.main.as_str().into());
    fields.insert("limits".to_owned(), limits.into());
    if let Some(stdin) = text(&body, "stdin")? {
        fields.insert("stdin".to_owned(), stdin.into());
    }
    let mut all = in_frame(&sent);
    all.insert(toolchain.main.as_str().to_owned(), code.into());
    let fetched = fetched(&body)?;
    let outcome = outcome(server, caller, (fields, all, &fetched), bytes).await?;
    let (compile_result, run_result) = (outcome.compiled.as_ref().map(of_compiler), of_program(&outcome));
    let run_result = (outcome.verdict.status != Status::CompileError).then_some(run_result);
    let commands = || compile_result.iter().chain(&run_result);
    let is_well = commands().all(|command| command.return_code == Some(0));
    let (status, message) = match (outcome.verdict.status, is_well) {
        (Status::Internal | Status::Cancelled, _) => (SANDBOX_ERROR, outcome.verdict.message.clone().unwrap_or_default()),
        (_, true) => (SUCCESS, String::new()),
        (_, false) => (FAILED, String::new()),
    };
    let files = left(&fetched, outcome.files.as_ref(), &sent);
    Ok(CodePart { status, message, compile_result, run_result, executor_pod_name: None, files })
}

async fn run_jupyter(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, headers: HeaderMap, body: Body) -> Response {
    let _alive = server.connections.token();
    match ran_cells(&server, &caller, &headers, body).await {
        Ok(part) => json(StatusCode::OK, &part),
        Err(refused) => refuse(refused),
    }
}

/// All cells are one program: what one defines the next one has.
async fn ran_cells(server: &Server, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<CellsPart, Refused> {
    let (body, bytes) = read(server, headers, body).await?;
    let cells = body["cells"].as_array().ok_or_else(|| missing("cells"))?;
    if cells.iter().any(|cell| !cell.is_string()) {
        return Err(wrong("cells", "Input should be a valid list of strings").into());
    }
    if text(&body, "kernel")?.is_some_and(|kernel| kernel != "python3") {
        return Err(wrong("kernel", "Input should be 'python3'").into());
    }
    let python = usable(server).find(|toolchain| toolchain.name == "python");
    let python = python.ok_or_else(|| Refusal::new(Code::LanguageUnavailable, "`python` is not available"))?;
    let most = &server.usual.most;
    let mut limits = limits(&body, most)?;
    let total = seconds(&body, "total_timeout", CELLS, most.wall_ms)?;
    // None of them may take longer than its limit; how long each takes is not told to us, all of them are.
    let each = if body["cell_timeout"].as_f64() == Some(0.0) { most.wall_ms } else { seconds(&body, "cell_timeout", CELLS, most.wall_ms)? };
    let wall = total.min(each.saturating_mul(cells.len().max(1) as u64));
    limits.insert("wall_ms".to_owned(), wall.into());
    limits.insert("time_ms".to_owned(), wall.min(most.time_ms).into());
    let sent = files(&body)?;
    let mut all = in_frame(&sent);
    all.insert(DRIVER_PATH.to_owned(), DRIVER.into());
    all.insert(CELLS_PATH.to_owned(), json!({"cells": cells, "answer": ANSWER_PATH}).to_string().into());
    let mut fields = Map::new();
    fields.insert("language".to_owned(), python.name.as_str().into());
    fields.insert("main".to_owned(), DRIVER_PATH.into());
    fields.insert("limits".to_owned(), limits.into());
    let mut fetched = fetched(&body)?;
    fetched.push(ANSWER_PATH.to_owned());
    let outcome = outcome(server, caller, (fields, all, &fetched), bytes).await?;
    let driver = of_program(&outcome);
    let answer = outcome.files.as_ref().and_then(|files| find(files, ANSWER_PATH)).map(|file| lossy(&file.data));
    let cells = answer.and_then(|answer| serde_json::from_str::<Value>(&answer).ok()).filter(Value::is_array);
    fetched.pop();
    let (status, message) = match (outcome.verdict.status, &cells) {
        (Status::Internal | Status::Cancelled, _) => (SANDBOX_ERROR, outcome.verdict.message.clone().unwrap_or_default()),
        (_, Some(_)) if driver.status == FINISHED => (SUCCESS, String::new()),
        (_, _) => (FAILED, String::new()),
    };
    let is_well = status == SUCCESS;
    let files = if is_well { left(&fetched, outcome.files.as_ref(), &sent) } else { Map::new() };
    let cells = cells.filter(|_| is_well).unwrap_or_else(|| json!([]));
    Ok(CellsPart { status, message, driver: Some(driver), cells, executor_pod_name: None, files })
}

async fn outcome(
    server: &Server,
    caller: &Caller,
    (mut fields, files, fetched): (Map<String, Value>, Map<String, Value>, &[String]),
    bytes: usize,
) -> Result<Box<Outcome>, Refused> {
    fields.insert("files".to_owned(), files.into());
    fields.insert("stream".to_owned(), false.into());
    if !fetched.is_empty() {
        let job = &server.usual.job;
        let paths: Vec<&str> = fetched.iter().map(|path| plain(path)).collect();
        fields.insert("collect".to_owned(), json!({"paths": paths, "max_files": job.collect_files, "max_bytes": job.collect_kb << 10}));
    }
    let (mut run, _) = begin(server, caller, fields, bytes)?;
    let mut outcome = None;
    while let Some(event) = run.next().await {
        outcome = ended(event).or(outcome);
    }
    Ok(outcome.ok_or_else(internal)?)
}

fn text<'a>(body: &'a Value, field: &str) -> Result<Option<&'a str>, Refusal> {
    match &body[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(wrong(field, "Input should be a valid string")),
    }
}

fn given<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    body.get(field).filter(|given| !given.is_null())
}

/// In ms. More than the operator allows is refused; what nobody asked for is not more.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "checked to be positive and bounded"
)]
fn seconds(body: &Value, field: &str, usual: f64, most_ms: u64) -> Result<u64, Refusal> {
    let most = most_ms as f64 / 1000.0;
    let given = match given(body, field) {
        None => usual.min(most),
        Some(given) => given.as_f64().ok_or_else(|| wrong(field, "Input should be a valid number"))?,
    };
    match given {
        given if given <= 0.0 => Err(wrong(field, "Input should be greater than 0")),
        given if given > most => {
            Err(Refusal { code: Code::LimitTooHigh, ..wrong(field, format!("Input should be less than or equal to {most}")) })
        }
        given => Ok((given * 1000.0).ceil() as u64),
    }
}

/// Those that both kinds of request have. No memory limit is the usual one.
fn limits(body: &Value, most: &Figures) -> Result<Map<String, Value>, Refusal> {
    let mut limits = Map::new();
    limits.insert("compile_ms".to_owned(), seconds(body, "compile_timeout", RUN, most.compile_ms)?.into());
    let Some(given) = given(body, "memory_limit_MB") else { return Ok(limits) };
    let given = given.as_i64().ok_or_else(|| wrong("memory_limit_MB", "Input should be a valid integer"))?;
    if given > 0 && given.unsigned_abs() > most.memory_mb {
        let what = format!("Input should be less than or equal to {}", most.memory_mb);
        return Err(Refusal { code: Code::LimitTooHigh, ..wrong("memory_limit_MB", what) });
    }
    if given > 0 {
        limits.insert("memory_mb".to_owned(), given.into());
    }
    Ok(limits)
}

/// What is sent, by path.
type Sent = Vec<(String, Vec<u8>)>;

fn files(body: &Value) -> Result<Sent, Refusal> {
    let given = match &body["files"] {
        Value::Null => return Ok(Vec::new()),
        Value::Object(given) => given,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(wrong("files", "Input should be a valid dictionary"));
        }
    };
    let content = |(path, content): (&String, &Value)| match content {
        Value::Null => None,
        Value::String(content) => Some(Ok((plain(path).to_owned(), lenient_base64(content)))),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(Err(wrong("files", "Input should be a valid string")))
        }
    };
    given.iter().filter_map(content).collect()
}

fn in_frame(sent: &Sent) -> Map<String, Value> {
    sent.iter().map(|(path, content)| (path.clone(), json!({"base64": to_base64(content)}))).collect()
}

fn fetched(body: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = || wrong("fetch_files", "Input should be a valid list of strings");
    match given(body, "fetch_files") {
        None => Ok(Vec::new()),
        Some(given) => given.as_array().ok_or_else(wrong)?.iter().map(|path| path.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
    }
}

fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

fn find<'a>(files: &'a FilesLeft, path: &str) -> Option<&'a FileLeft> {
    files.created.iter().chain(&files.changed).find(|(name, _)| name == path).map(|(_, file)| file)
}

/// The files that were asked for: as the program left them, or as they were sent. A part of a file is none.
fn left(fetched: &[String], files: Option<&FilesLeft>, sent: &Sent) -> Map<String, Value> {
    let Some(files) = files else { return Map::new() };
    let content = |path: &String| match find(files, plain(path)) {
        Some(file) => (!file.truncated).then(|| to_base64(&file.data.clone().into_bytes())),
        None if files.deleted.iter().any(|deleted| deleted == plain(path)) => None,
        None => sent.iter().find(|(name, _)| name == plain(path)).map(|(_, content)| to_base64(content)),
    };
    fetched.iter().filter_map(|path| Some((path.clone(), content(path)?.into()))).collect()
}

fn of_compiler(compiled: &Compiled) -> CommandPart {
    let (status, return_code) = of_end(&compiled.end);
    let (stdout, stderr) = (Some(String::new()), Some(lossy(&compiled.output)));
    CommandPart { status, execution_time: Some(compiled.time.as_secs_f64()), cpu_time: None, return_code, stdout, stderr }
}

fn of_program(outcome: &Outcome) -> CommandPart {
    let time = |time: fn(&Facts) -> Duration| outcome.facts.as_ref().map(|facts| time(facts).as_secs_f64());
    let (status, return_code) = outcome.facts.as_ref().map_or((ERROR, None), |facts| of_end(&facts.end));
    CommandPart {
        status,
        execution_time: time(|facts| facts.wall),
        cpu_time: time(|facts| facts.cpu),
        return_code,
        stdout: Some(lossy(&outcome.stdout)),
        stderr: Some(lossy(&outcome.stderr)),
    }
}

/// The status of a command, and its exit code as Python has it: below 0 for a signal.
fn of_end(end: &End) -> (&'static str, Option<i32>) {
    use crate::judge::Stop;
    match end {
        End::Exit(code) => (FINISHED, Some(*code)),
        End::Signal(signal) => (FINISHED, Some(-i32::from(super::signal_number(signal)))),
        // As a program that aborts.
        End::Trap(_) => (FINISHED, Some(-6)),
        End::Stopped(Stop::Time | Stop::Wall | Stop::Fuel) => (TIME_LIMIT, None),
        End::Stopped(Stop::Memory) => (FINISHED, Some(-9)),
        End::Stopped(Stop::Output) => (FINISHED, Some(-25)),
        End::Stopped(Stop::Cancelled) | End::Broken(_) => (ERROR, None),
    }
}
