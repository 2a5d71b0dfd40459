//! Piston's API v2: `/runtimes`, `/execute` and `/packages`; `connect` is its socket. A request becomes a `run` frame; stages, statuses and the
//! texts of refusals are Piston's. Called by `doors`. docs/doors-piston.md says what differs.

mod connect;
mod stage;

use super::{begin, ended, internal, json, lenient_base64, read, usable, version};
use crate::access::Caller;
use crate::event::Event;
use crate::protocol::{Code, Refusal};
use crate::server::Server;
use crate::server::http::{self, Refused};
use crate::toolchain::{Kind, Toolchain};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use nodejs_semver::{Range, Version};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stage::Output;
use std::sync::Arc;

/// The names that Piston has for our languages, where they are not ours.
const NAMES: &[(&str, &str, &[&str])] = &[
    ("bash", "bash", &["sh"]),
    ("c", "c", &["gcc"]),
    ("cpp", "c++", &["cpp", "g++"]),
    ("csharp", "csharp", &["mono", "mono-csharp", "mono-c#", "mono-cs", "c#", "cs"]),
    ("go", "go", &["go", "golang"]),
    ("javascript", "javascript", &["node-javascript", "node-js", "javascript", "js"]),
    ("python", "python", &["py", "py3", "python3", "python3.14"]),
];
/// The limits that a client may ask for, with the field of a frame that each becomes, and what one of ours is in theirs.
const LIMITS: [(&str, &str, u64); 6] = [
    ("compile_memory_limit", "", 1 << 20),
    ("run_memory_limit", "memory_mb", 1 << 20),
    ("compile_timeout", "compile_ms", 1),
    ("run_timeout", "wall_ms", 1),
    ("compile_cpu_time", "compile_ms", 1),
    ("run_cpu_time", "time_ms", 1),
];
/// No limit, in Piston's words; here the configured one.
const NONE: f64 = -1.0;

pub(super) fn routes() -> Router<Arc<Server>> {
    let api = Router::new()
        .route("/runtimes", get(runtimes))
        .route("/execute", post(execute))
        .route("/packages", get(packages).post(change_packages).delete(change_packages))
        .route("/connect", get(connect::connect));
    Router::new().nest("/api/v2/piston", api.clone()).nest("/api/v2", api)
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

/// `{"message"}`, with the limit's own name where it is about one.
pub(super) fn refuse(refused: Refused) -> Response {
    let Refused(status, refusal) = refused;
    http::mark(json(status, &Message { message: &said(&refusal) }), &refusal)
}

fn said(refusal: &Refusal) -> String {
    let field = refusal.details.field.as_deref().and_then(|field| field.strip_prefix("limits."));
    let named = LIMITS.iter().rev().find(|(_, ours, _)| Some(*ours) == field);
    match (refusal.code, named, refusal.details.limit) {
        (Code::LimitTooHigh, Some((theirs, _, unit)), Some(limit)) => {
            format!("{theirs} cannot exceed the configured limit of {}", limit * unit)
        }
        _ => refusal.message.clone(),
    }
}

/// A language in Piston's words.
struct Runtime<'a> {
    toolchain: &'a Toolchain,
    language: &'a str,
    aliases: Vec<&'a str>,
    version: String,
}

#[derive(Serialize)]
struct RuntimePart<'a> {
    language: &'a str,
    version: &'a str,
    aliases: &'a [&'a str],
}

#[derive(Serialize)]
struct PackagePart<'a> {
    language: &'a str,
    language_version: &'a str,
    installed: bool,
}

fn all(server: &Server) -> Vec<Runtime<'_>> {
    usable(server).map(|toolchain| Runtime::of(toolchain)).collect()
}

impl<'a> Runtime<'a> {
    fn of(toolchain: &'a Toolchain) -> Self {
        let version = version(toolchain);
        match NAMES.iter().find(|(ours, _, _)| *ours == toolchain.name) {
            Some((_, language, aliases)) => Self { toolchain, language, aliases: aliases.to_vec(), version },
            None => {
                let aliases = toolchain.aliases.iter().map(String::as_str).collect();
                Self { toolchain, language: &toolchain.name, aliases, version }
            }
        }
    }
}

async fn runtimes(State(server): State<Arc<Server>>) -> Response {
    let all = all(&server);
    let parts: Vec<_> = all.iter().map(|Runtime { language, aliases, version, .. }| RuntimePart { language, version, aliases }).collect();
    json(StatusCode::OK, &parts)
}

async fn packages(State(server): State<Arc<Server>>) -> Response {
    let all = all(&server);
    let parts: Vec<_> =
        all.iter().map(|Runtime { language, version, .. }| PackagePart { language, language_version: version, installed: true }).collect();
    json(StatusCode::OK, &parts)
}

async fn change_packages() -> Response {
    let message = "languages are toolchains that the operator configures, they can't be installed or removed here";
    refuse(Refused(StatusCode::FORBIDDEN, Refusal::new(Code::Forbidden, message)))
}

async fn execute(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, headers: HeaderMap, body: Body) -> Response {
    let _alive = server.connections.token();
    match run(&server, &caller, &headers, body).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(refused) => refuse(refused),
    }
}

async fn run(server: &Server, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Value, Refused> {
    check_type(headers)?;
    let (body, bytes) = read(server, headers, body).await?;
    let Order { fields, language, version, .. } = order(server, &body)?;
    drop(body);
    let (mut run, _) = begin(server, caller, fields, bytes)?;
    let (mut output, mut outcome) = (Output::default(), None);
    while let Some(event) = run.next().await {
        if let Event::Output { data, .. } = &event {
            output.take(data);
        }
        outcome = ended(event).or(outcome);
    }
    let outcome = outcome.ok_or_else(internal)?;
    Ok(stage::answer(&outcome, &output, &language, &version))
}

/// JSON, and what says nothing of itself: `fetch` calls a string text unless it is told otherwise.
fn check_type(headers: &HeaderMap) -> Result<(), Refused> {
    let kind = headers.get(CONTENT_TYPE).map_or(Some(""), |value| value.to_str().ok());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if matches!(kind.as_deref(), Some("" | "application/json" | "text/plain")) {
        return Ok(());
    }
    Err(Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, Refusal::new(Code::BadJson, "requests must be of type application/json")))
}

/// What is asked, checked as far as Piston does.
struct Order {
    fields: Map<String, Value>,
    language: String,
    version: String,
    compiles: bool,
}

fn wrong(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadField, message)
}

/// The fields of a `run` frame.
fn order(server: &Server, body: &Value) -> Result<Order, Refusal> {
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let language = text("language").ok_or_else(|| wrong("language is required as a string"))?;
    let version = text("version").ok_or_else(|| wrong("version is required as a string"))?;
    let files = body["files"].as_array().ok_or_else(|| wrong("files is required as an array"))?;
    if let Some(at) = files.iter().position(|file| !file["content"].is_string()) {
        return Err(wrong(format!("files[{at}].content is required as a string")));
    }
    let all = all(server);
    let runtime = find(&all, language, version, server.doors.piston_any_version)
        .ok_or_else(|| Refusal::new(Code::UnknownLanguage, format!("{language}-{version} runtime is unknown")))?;
    let main = files.iter().position(is_text).ok_or_else(|| wrong("files must include at least one utf8 encoded file"))?;
    let toolchain = runtime.toolchain;
    let (files, main) = contents(files, main, toolchain);
    let mut fields = Map::new();
    fields.insert("language".to_owned(), toolchain.name.as_str().into());
    fields.insert("files".to_owned(), files.into());
    fields.insert("main".to_owned(), main.into());
    fields.insert("args".to_owned(), args(&body["args"])?);
    fields.insert("limits".to_owned(), limits(server, body)?);
    match &body["stdin"] {
        Value::Null => {}
        Value::String(stdin) => drop(fields.insert("stdin".to_owned(), stdin.as_str().into())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return Err(wrong("stdin must be a string")),
    }
    let compiles = matches!(&toolchain.kind, Kind::Docker(recipe) if recipe.compile.is_some());
    Ok(Order { fields, language: runtime.language.to_owned(), version: runtime.version.clone(), compiles })
}

/// The newest of those that have the name and a version that is asked for.
fn find<'a>(all: &'a [Runtime<'a>], language: &str, version: &str, any: bool) -> Option<&'a Runtime<'a>> {
    let range = Range::parse(version).ok();
    let fits = |given: &Version| any || range.as_ref().is_some_and(|range| range.satisfies(given));
    let named = all.iter().filter(|runtime| runtime.language == language || runtime.aliases.contains(&language));
    let versioned = named.filter_map(|runtime| Some((Version::parse(&runtime.version).ok()?, runtime)));
    versioned.filter(|(given, _)| fits(given)).max_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, runtime)| runtime)
}

fn encoding(file: &Value) -> &str {
    match file["encoding"].as_str() {
        Some(known @ ("base64" | "hex")) => known,
        _ => "utf8",
    }
}

fn is_text(file: &Value) -> bool {
    encoding(file) == "utf8"
}

/// The files as a frame has them, and the name of the main one. Of two with one name the later counts, as where they are written one after the other.
fn contents(files: &[Value], main: usize, toolchain: &Toolchain) -> (Map<String, Value>, String) {
    let mut all = Map::new();
    let mut main_name = String::new();
    for (at, file) in files.iter().enumerate() {
        let given = file["name"].as_str().filter(|name| !name.is_empty());
        let mut name = match given {
            Some(name) => name.to_owned(),
            None if at == main => toolchain.main.as_str().to_owned(),
            None => format!("file{at}.code"),
        };
        if at == main {
            name = as_source(name, toolchain);
            main_name.clone_from(&name);
        }
        let content = file["content"].as_str().unwrap_or_default();
        let content = match encoding(file) {
            "base64" => json!({"base64": crate::protocol::to_base64(&lenient_base64(content))}),
            "hex" => json!({"base64": crate::protocol::to_base64(&from_hex(content))}),
            _ => content.into(),
        };
        all.insert(name, content);
    }
    (all, main_name)
}

/// A compiler knows its sources by their endings; Piston's packages rename them.
fn as_source(name: String, toolchain: &Toolchain) -> String {
    let compiles = matches!(&toolchain.kind, Kind::Docker(recipe) if recipe.compile.is_some());
    let is_source = toolchain.extensions.iter().any(|ending| name.rsplit_once('.').is_some_and(|(_, given)| given == ending));
    match toolchain.extensions.first() {
        Some(ending) if compiles && !is_source => format!("{name}.{ending}"),
        _ => name,
    }
}

/// Up to the first that is no digit.
fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().as_chunks::<2>().0.iter().map_while(|[high, low]| Some(digit(high)? * 16 + digit(low)?)).collect()
}

fn args(given: &Value) -> Result<Value, Refusal> {
    let refused = || wrong("args must be an array of strings");
    let Some(given) = given.as_array() else {
        return if given.is_null() { Ok(json!([])) } else { Err(refused()) };
    };
    let word = |arg: &Value| match arg {
        Value::String(arg) => Ok(Value::from(arg.as_str())),
        Value::Number(arg) => Ok(Value::from(arg.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(refused()),
    };
    given.iter().map(word).collect()
}

/// Of ours the stricter, where two of theirs mean one of ours. None and 0 are the configured ones, never no limit.
fn limits(server: &Server, body: &Value) -> Result<Value, Refusal> {
    let most = &server.usual.most;
    let mut limits = Map::new();
    for (theirs, ours, unit) in LIMITS {
        let given = match &body[theirs] {
            Value::Null | Value::Bool(false) => continue,
            Value::String(text) if text.is_empty() => continue,
            given @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                given.as_f64().ok_or_else(|| wrong(format!("If specified, {theirs} must be a number")))?
            }
        };
        let configured = match ours {
            "wall_ms" => most.wall_ms,
            "time_ms" => most.time_ms,
            "compile_ms" => most.compile_ms,
            _ => most.memory_mb,
        };
        let is_memory = unit > 1;
        if given == 0.0 || is_memory && given == NONE {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below the numbers that a float can't tell apart")]
        if given > (configured * unit) as f64 {
            let refusal = wrong(format!("{theirs} cannot exceed the configured limit of {}", configured * unit));
            return Err(Refusal { code: Code::LimitTooHigh, ..refusal });
        }
        if given < 0.0 {
            return Err(wrong(format!("{theirs} must be non-negative")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and below the limit")]
        let given = (given.ceil() as u64).div_ceil(unit).max(1);
        if !ours.is_empty() {
            let before = limits.get(ours).and_then(Value::as_u64).unwrap_or(u64::MAX);
            limits.insert(ours.to_owned(), given.min(before).into());
        }
    }
    Ok(limits.into())
}
