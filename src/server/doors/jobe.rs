//! Jobe's REST API, which Moodle's CodeRunner speaks: runs, languages, and files that are sent before the runs that need them. Called by `doors`.
//! docs/doors-jobe.md says what differs.

use super::{begin, ended, internal, json, lossy, read, usable, version};
use crate::access::Caller;
use crate::event::{Outcome, Text};
use crate::judge::Status;
use crate::protocol::{Code, Refusal, to_base64};
use crate::server::Server;
use crate::server::http::{self, Refused};
use crate::toolchain::Toolchain;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// The names that Jobe has for our languages, where they are not ours.
const NAMES: &[(&str, &str)] = &[("python", "python3"), ("javascript", "nodejs")];
/// The shortest and the longest id of a file.
const ID: std::ops::RangeInclusive<usize> = 8..=128;
/// What goes to the compile step, in theirs and ours.
const COMPILER: [(&str, &str); 2] = [("compileargs", "compile_args"), ("linkargs", "link_args")];
const MISSING: &str = "One or more of the specified files is missing/unavailable";

/// Jobe's outcomes.
mod outcome {
    pub(super) const COMPILATION_ERROR: u8 = 11;
    pub(super) const RUNTIME_ERROR: u8 = 12;
    pub(super) const TIME_LIMIT: u8 = 13;
    pub(super) const SUCCESS: u8 = 15;
    pub(super) const MEMORY_LIMIT: u8 = 17;
    pub(super) const INTERNAL_ERROR: u8 = 20;
    pub(super) const OVERLOAD: u8 = 21;
}

#[derive(Default, Serialize)]
struct ResultPart {
    run_id: Option<String>,
    outcome: u8,
    cmpinfo: String,
    stdout: String,
    stderr: String,
}

pub(super) fn routes() -> Router<Arc<Server>> {
    let api = Router::new()
        .route("/runs", post(run))
        .route("/runs/", post(run))
        .route("/languages", get(languages))
        .route("/languages/", get(languages))
        .route("/files/{id}", put(keep).get(has))
        .route(
            "/runresults/{id}",
            get(async || refuse(refused(StatusCode::NOT_FOUND, "Unimplemented, since all submissions run immediately"))),
        );
    Router::new().nest("/jobe/index.php/restapi", api.clone()).nest("/jobe/restapi", api)
}

/// A sentence, and an outcome where the server is overloaded. Plain text: it quotes what was sent.
pub(super) fn refuse(refused: Refused) -> Response {
    let Refused(status, refusal) = refused;
    if refusal.code == Code::Busy {
        let part = ResultPart { outcome: outcome::OVERLOAD, ..ResultPart::default() };
        return http::mark(json(StatusCode::OK, &part), &refusal);
    }
    let (status, said) = if refusal.code == Code::Unauthorized {
        (StatusCode::FORBIDDEN, "Missing or unknown API key".to_owned())
    } else if refusal.code == Code::RateLimited {
        (status, "Max RUN rate for this server exceeded".to_owned())
    } else {
        (status, in_their_words(&refusal))
    };
    http::mark((status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], said).into_response(), &refusal)
}

/// With their names of what is wrong.
fn in_their_words(refusal: &Refusal) -> String {
    let field = refusal.details.field.as_deref();
    match COMPILER.iter().find(|(_, ours)| field == Some(*ours)) {
        Some((theirs, ours)) => refusal.message.replace(ours, theirs),
        None => too_high(refusal),
    }
}

/// In Jobe's words where it is about a limit of a frame.
fn too_high(refusal: &Refusal) -> String {
    let Some(limit) = refusal.details.limit.filter(|_| refusal.code == Code::LimitTooHigh) else { return refusal.message.clone() };
    let (name, most) = match refusal.details.field.as_deref() {
        Some("limits.time_ms") => ("cputime", format!("{} secs", limit / 1000)),
        Some("limits.wall_ms") => ("cputime", format!("{} secs", limit / 2000)),
        Some("limits.memory_mb") => ("memorylimit", format!("{limit} MB")),
        Some("limits.output_kb") => ("streamsize", format!("{} MB", limit >> 10)),
        Some("limits.files_mb") => ("disklimit", format!("{limit} MB")),
        Some("limits.processes") => ("numprocs", limit.to_string()),
        _ => return refusal.message.clone(),
    };
    format!("{name} exceeds maximum allowed on this Jobe server ({most})")
}

fn refused(status: StatusCode, what: impl Into<String>) -> Refused {
    let code = if status == StatusCode::NOT_FOUND { Code::UnknownFile } else { Code::BadField };
    Refused(status, Refusal::new(code, what))
}

fn bad(what: impl Into<String>) -> Refused {
    refused(StatusCode::BAD_REQUEST, what)
}

fn name(toolchain: &Toolchain) -> &str {
    NAMES.iter().find(|(ours, _)| *ours == toolchain.name).map_or(toolchain.name.as_str(), |(_, theirs)| theirs)
}

async fn languages(State(server): State<Arc<Server>>) -> Response {
    let all: Vec<_> = usable(&server).map(|toolchain| (name(toolchain), version(toolchain))).collect();
    json(StatusCode::OK, &all)
}

/// A file is its client's: another's of the same id is another.
fn key(caller: &Caller, id: &str) -> String {
    format!("jobe/{}/{id}", caller.name())
}

fn check_id(id: &str) -> Result<(), Refused> {
    let is_id = ID.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id { Ok(()) } else { Err(bad("the id of a file has 8 to 128 letters and digits")) }
}

async fn keep(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match kept(&server, &caller, &id, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refuse(refused),
    }
}

async fn kept(server: &Server, caller: &Caller, id: &str, headers: &HeaderMap, body: Body) -> Result<(), Refused> {
    check_id(id)?;
    let (body, bytes) = read(server, headers, body).await?;
    server.access.admit_bytes(caller, bytes).map_err(|fault| crate::server::entry::denied(&fault))?;
    let content = body["file_contents"].as_str().ok_or_else(|| bad("put: missing file_contents parameter"))?;
    let content = STANDARD.decode(content).map_err(|_| bad(format!("put: contents of file {id} are not valid base-64")))?;
    Ok(server.kept()?.put(key(caller, id), 0, content).await?)
}

/// Of `HEAD`, which is asked before a file is sent again.
async fn has(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Response {
    let found = check_id(&id).and_then(|()| Ok(server.kept()?.has(&key(&caller, &id))?));
    match found {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::NOT_FOUND.into_response(),
        Err(refused) => refuse(refused),
    }
}

async fn run(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, headers: HeaderMap, body: Body) -> Response {
    let _alive = server.connections.token();
    match ran(&server, &caller, &headers, body).await {
        Ok(part) => json(StatusCode::OK, &part),
        Err(refused) => refuse(refused),
    }
}

async fn ran(server: &Server, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<ResultPart, Refused> {
    let (body, bytes) = read(server, headers, body).await?;
    let fields = fields(server, caller, &body)?;
    drop(body);
    let (mut run, _) = begin(server, caller, fields, bytes)?;
    let mut outcome = None;
    while let Some(event) = run.next().await {
        outcome = ended(event).or(outcome);
    }
    let outcome = outcome.ok_or_else(internal)?;
    Ok(part(run.job().id.clone(), &outcome))
}

/// The fields of a `run` frame, files that were sent before included.
fn fields(server: &Server, caller: &Caller, body: &Value) -> Result<Map<String, Value>, Refused> {
    if !body.is_object() {
        return Err(bad("Non-JSON post data received"));
    }
    let spec = body["run_spec"].as_object().ok_or_else(|| bad("No run_spec attribute found in post data"))?;
    let required = |name: &str| {
        let what = || bad(format!("run_spec is missing the required attribute '{name}'"));
        spec.get(name).and_then(Value::as_str).ok_or_else(what)
    };
    let (source, language) = (required("sourcecode")?, required("language_id")?);
    let toolchain = usable(server).find(|toolchain| name(toolchain).eq_ignore_ascii_case(language));
    let toolchain = toolchain.ok_or_else(|| bad(format!("Language '{}' is not known", &language[..language.floor_char_boundary(80)])))?;
    let given = spec.get("sourcefilename").and_then(Value::as_str).filter(|name| !name.is_empty() && *name != "prog.java");
    if given.is_some_and(|name| !is_source_name(name)) {
        return Err(bad("The sourcefilename for the run_spec is illegal"));
    }
    let main = given.unwrap_or(toolchain.main.as_str());
    let mut files = files(server, caller, spec.get("file_list"))?;
    files.insert(main.to_owned(), source.into());
    let parameters = spec.get("parameters").and_then(Value::as_object);
    let args = parameters.and_then(|parameters| parameters.get("runargs")).cloned().unwrap_or_default();
    let mut fields = Map::new();
    fields.insert("language".to_owned(), toolchain.name.as_str().into());
    fields.insert("main".to_owned(), main.into());
    fields.insert("files".to_owned(), files.into());
    fields.insert("args".to_owned(), args);
    // As there: where nothing is compiled, they say nothing.
    for (theirs, ours) in COMPILER.into_iter().filter(|_| toolchain.compiles()) {
        fields.insert(ours.to_owned(), words(theirs, parameters.and_then(|parameters| parameters.get(theirs)))?.into());
    }
    fields.insert("limits".to_owned(), limits(parameters)?.into());
    fields.insert("stream".to_owned(), false.into());
    if let Some(input) = spec.get("input").and_then(Value::as_str) {
        fields.insert("stdin".to_owned(), input.into());
    }
    Ok(fields)
}

fn is_source_name(name: &str) -> bool {
    !name.starts_with(['.', '-'])
        && !name.chars().any(|c| c.is_control() || matches!(c, '\u{a0}' | '\u{ad}') || "<>:\"/\\|?*#[]@!$&'()+,;={}^~`".contains(c))
}

fn files(server: &Server, caller: &Caller, list: Option<&Value>) -> Result<Map<String, Value>, Refused> {
    let mut files = Map::new();
    for file in list.and_then(Value::as_array).into_iter().flatten() {
        let (id, name) = (file[0].as_str().unwrap_or_default(), file[1].as_str().unwrap_or_default());
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if check_id(id).is_err() || !is_name {
            let file = file.to_string();
            return Err(bad(format!("Invalid file specifier: {}", &file[..file.floor_char_boundary(200)])));
        }
        if files.len() >= server.usual.job.files {
            return Err(bad(format!("more than {} files", server.usual.job.files)));
        }
        let content = server.kept()?.get(&key(caller, id))?.ok_or_else(|| refused(StatusCode::NOT_FOUND, MISSING))?;
        files.insert(name.to_owned(), json!({"base64": to_base64(&content)}));
    }
    Ok(files)
}

/// Those of a list, each split as a shell would: authors write options and what belongs to them as one.
fn words(name: &str, list: Option<&Value>) -> Result<Vec<String>, Refused> {
    let no_list = || bad(format!("{name} must be a list of strings"));
    let Some(list) = list.filter(|list| !list.is_null()) else { return Ok(Vec::new()) };
    let mut words = Vec::new();
    for entry in list.as_array().ok_or_else(no_list)? {
        let split = shlex::split(entry.as_str().ok_or_else(no_list)?);
        words.extend(split.ok_or_else(|| bad(format!("{name} can't be split into words: a quote is not closed")))?);
    }
    Ok(words)
}

/// The limits of a frame. What is no number, and 0, is the usual limit, never none.
fn limits(parameters: Option<&Map<String, Value>>) -> Result<Map<String, Value>, Refused> {
    let mut limits = Map::new();
    let Some(parameters) = parameters else { return Ok(limits) };
    for (theirs, ours, unit) in [
        ("cputime", "time_ms", 1000.0),
        ("memorylimit", "memory_mb", 1.0),
        ("streamsize", "output_kb", 1024.0),
        ("disklimit", "files_mb", 1.0),
        ("numprocs", "processes", 1.0),
    ] {
        let given = parameters.get(theirs).and_then(|given| given.as_f64().or_else(|| given.as_str()?.trim().parse().ok()));
        let Some(given) = given.filter(|given| *given != 0.0 && given.is_finite()) else { continue };
        if given < 0.0 {
            return Err(bad(format!("{theirs} must not be negative")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and what is too much is refused as such")]
        let given = (given * unit).ceil() as u64;
        limits.insert(ours.to_owned(), given.into());
        if ours == "time_ms" {
            // As there: twice the processor's time.
            limits.insert("wall_ms".to_owned(), given.saturating_mul(2).into());
        }
    }
    Ok(limits)
}

fn part(id: String, outcome: &Outcome) -> ResultPart {
    let Outcome { verdict, compiled, stdout, stderr, .. } = outcome;
    let code = match verdict.status {
        Status::CompileError => outcome::COMPILATION_ERROR,
        Status::Timeout => outcome::TIME_LIMIT,
        Status::MemoryLimit => outcome::MEMORY_LIMIT,
        Status::Cancelled | Status::Internal => outcome::INTERNAL_ERROR,
        Status::OutputLimit => outcome::RUNTIME_ERROR,
        // An exit code says nothing there, what is written to stderr all.
        Status::Error | Status::Success if !stderr.is_empty() => outcome::RUNTIME_ERROR,
        Status::Error if verdict.exit_code.is_none() => outcome::RUNTIME_ERROR,
        Status::Error | Status::Success => outcome::SUCCESS,
    };
    let said = compiled.as_ref().filter(|_| code == outcome::COMPILATION_ERROR).map(|compiled| clean(&compiled.output));
    let why = || verdict.message.clone().unwrap_or_default();
    let cmpinfo = said.map(|said| if said.is_empty() { why() } else { said }).unwrap_or_default();
    ResultPart { run_id: Some(id), outcome: code, cmpinfo, stdout: clean(stdout), stderr: clean(stderr) }
}

/// What is no text has its bytes in digits.
fn clean(text: &Text) -> String {
    match text {
        Text::Utf8(_) => lossy(text),
        Text::Binary(bytes) => bytes.iter().fold(String::new(), |mut said, byte| {
            let _ = match byte {
                b'\n' | b'\r' | b'\t' | b' '..=b'~' => write!(said, "{}", char::from(*byte)),
                byte => write!(said, "\\x{byte:02x}"),
            };
            said
        }),
    }
}
