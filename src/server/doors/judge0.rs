//! Judge0's API, with the ids and words of 1.13.1: submissions, alone and in batches, answered at once, later or by callback. Called by `doors`;
//! `ask` reads a submission, `run` has it run and judged, `record` is what is kept and told of it. A token is unguessable, and where clients
//! have tokens of their own, a submission is its client's alone. docs/doors-judge0.md says what differs.

mod ask;
mod form;
mod info;
mod languages;
mod record;
mod run;

use super::{json, usable};
use crate::access::Caller;
use crate::config::doors::Doors;
use crate::lock::lock;
use crate::protocol::{Code, Refusal};
use crate::server::Server;
use crate::server::http::{self, Refused};
use crate::server::socket::LARGE_FRAME;
use ask::{Errors, Rules};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use record::{INTERNAL, NoText, Outcome, PROCESSING, Record};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::block_in_place;

/// Whose API this is.
const VERSION: &str = "1.13.1";
const BATCH: usize = 20;
const CALLBACK_TRIES: u32 = 3;
const CALLBACK: Duration = Duration::from_secs(5);
const NO_TEXT: &str = "some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query parameter";
const NO_TEXTS: &str = "some attributes for one or more submissions cannot be converted to UTF-8, use base64_encoded=true query parameter";

/// What the door knows beside what is kept.
pub(in crate::server) struct Judge0 {
    /// Submissions under way, with their status and what is held of them.
    live: Mutex<HashMap<String, (u8, usize)>>,
    /// The most that may be held of all together, in bytes.
    most: usize,
    callbacks: Callbacks,
}

struct Callbacks(Option<Client<HttpsConnector<HttpConnector>, Body>>);

/// A submission under way, as long as this is there.
struct Live {
    judge0: Arc<Judge0>,
    token: String,
}

impl Judge0 {
    pub(in crate::server) fn new(config: &Doors) -> anyhow::Result<Arc<Self>> {
        let client = || -> anyhow::Result<_> {
            let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
            Ok(Client::builder(TokioExecutor::new()).build(connector))
        };
        let callbacks = Callbacks(if config.callback_hosts.is_empty() { None } else { Some(client()?) });
        Ok(Arc::new(Self { live: Mutex::default(), most: usize::try_from(config.keeps().0).unwrap_or(usize::MAX), callbacks }))
    }
}

impl Live {
    /// None where as much is held as may be: what is expected of a program is not among what its run holds.
    fn enter(judge0: &Arc<Judge0>, record: &Record) -> Option<Self> {
        let mut live = lock(&judge0.live);
        let (held, bytes) = (live.values().map(|(_, bytes)| bytes).sum::<usize>(), record.bytes());
        if held + bytes > judge0.most {
            return None;
        }
        live.insert(record.token.clone(), (record::IN_QUEUE, bytes));
        Some(Self { judge0: judge0.clone(), token: record.token.clone() })
    }

    fn process(&self) {
        if let Some((status, _)) = lock(&self.judge0.live).get_mut(&self.token) {
            *status = PROCESSING;
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        lock(&self.judge0.live).remove(&self.token);
    }
}

impl Callbacks {
    async fn put(&self, url: &str, body: String) -> Result<(), String> {
        let client = self.0.as_ref().ok_or("there are no callbacks")?;
        let request = axum::http::Request::builder().method(Method::PUT).uri(url).header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body)).map_err(|fault| fault.to_string())?;
        let answer = tokio::time::timeout(CALLBACK, client.request(request)).await.map_err(|_| "no answer".to_owned())?;
        let status = answer.map_err(|fault| fault.to_string())?.status();
        if status.is_success() { Ok(()) } else { Err(status.to_string()) }
    }
}

pub(super) fn routes() -> Router<Arc<Server>> {
    let submissions = || get(index).post(create);
    let submission = || get(show).delete(delete);
    let batch = || get(show_batch).post(create_batch);
    let api = Router::new()
        .route("/submissions", submissions())
        .route("/submissions/", submissions())
        .route("/submissions/batch", batch())
        .route("/submissions/batch/", batch())
        .route("/submissions/{token}", submission())
        .route("/submissions/{token}/", submission())
        .route("/authenticate", post(async || StatusCode::OK))
        .route("/authorize", post(async || StatusCode::FORBIDDEN))
        .merge(info::routes());
    Router::new().nest("/judge0", api.clone()).merge(api)
}

/// Of submissions alone and in lists alike.
fn key(token: &str) -> String {
    format!("judge0/{token}")
}

/// As Judge0 says no: by attribute, or in one sentence, or with nothing at all where a token is missing.
pub(super) fn refuse(refused: Refused) -> Response {
    let Refused(status, refusal) = refused;
    let (status, said) = match (attribute(&refusal), refusal.code) {
        (Some((attribute, what)), _) => (StatusCode::UNPROCESSABLE_ENTITY, json!({attribute: [what]})),
        (None, Code::Busy) => (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "queue is full"})),
        (None, Code::Unauthorized) => return http::mark(StatusCode::UNAUTHORIZED.into_response(), &refusal),
        (None, _) => (status, json!({"error": refusal.message})),
    };
    http::mark(json(status, &said), &refusal)
}

/// The attribute that a field of a frame was, and what is wrong with it.
#[expect(clippy::cast_precision_loss, reason = "far below the numbers that a float can't tell apart")]
fn attribute(refusal: &Refusal) -> Option<(&'static str, String)> {
    let field = refusal.details.field.as_deref()?;
    let (attribute, unit) = match field {
        "limits.time_ms" => ("cpu_time_limit", 0.001),
        "limits.wall_ms" => ("wall_time_limit", 0.001),
        "limits.memory_mb" => ("memory_limit", 1024.0),
        "limits.files_mb" => ("max_file_size", 1024.0),
        "limits.processes" => ("max_processes_and_or_threads", 1.0),
        "language" => ("language_id", 1.0),
        "stdin" => ("stdin", 1.0),
        "args" => ("command_line_arguments", 1.0),
        "compile_args" | "link_args" => ("compiler_options", 1.0),
        // Of a program that is all files: no script by which it is started.
        "main" => ("additional_files", 1.0),
        _ if field == "files" || field.starts_with("files.") => ("additional_files", 1.0),
        _ => return None,
    };
    let bound = refusal.details.limit.filter(|_| refusal.code == Code::LimitTooHigh);
    let what = bound.map(|limit| format!("must be less than or equal to {}", limit as f64 * unit));
    Some((attribute, what.unwrap_or_else(|| refusal.message.clone())))
}

fn refused(status: StatusCode, code: Code, what: impl Into<String>) -> Refused {
    Refused(status, Refusal::new(code, what))
}

/// A body as JSON, or as the form that a page would send.
async fn read(server: &Server, headers: &HeaderMap, body: Body) -> Result<(Value, usize), Refused> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("multipart/form-data") {
        let what = "a body is JSON or `application/x-www-form-urlencoded`";
        return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadJson, what));
    }
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return super::read(server, headers, body).await;
    }
    let bytes = http::read(headers, body, server.settings.max_frame_bytes()).await?;
    let parse = || form::read(&bytes).map_err(|what| refused(StatusCode::BAD_REQUEST, Code::BadField, what));
    let form = if bytes.len() > LARGE_FRAME { block_in_place(parse) } else { parse() }?;
    Ok((form, bytes.len()))
}

/// What stands behind the `?`, and is told with a body as well.
struct Query(HashMap<String, String>);

impl Query {
    fn of(RawQuery(query): RawQuery) -> Self {
        let pairs = axum::extract::Query::try_from_uri(&format!("/?{}", query.unwrap_or_default()).parse().unwrap_or_default());
        Self(pairs.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default())
    }

    fn with(mut self, body: &Value) -> Self {
        for name in ["wait", "base64_encoded", "fields"] {
            if let Some(said) = body[name].as_str() {
                self.0.entry(name.to_owned()).or_insert_with(|| said.to_owned());
            }
        }
        self
    }

    fn is(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value == "true")
    }

    fn fields(&self) -> Result<Vec<&str>, Refused> {
        record::fields(self.0.get("fields").map_or("", String::as_str)).map_err(|unknown| {
            let unknown: String = unknown.join(", ").chars().take(200).collect();
            refused(StatusCode::BAD_REQUEST, Code::BadField, format!("invalid fields: [{unknown}]"))
        })
    }

    fn is_base64(&self) -> bool {
        self.is("base64_encoded")
    }
}

fn rules<'a>(server: &'a Server, base64: bool) -> Rules<'a> {
    let toolchains = usable(server).map(|toolchain| &**toolchain).collect();
    Rules { toolchains, limits: &server.usual, callback_hosts: &server.doors.callback_hosts, base64 }
}

/// There is no list: whoever knows a token may ask for it.
async fn index() -> Response {
    StatusCode::FORBIDDEN.into_response()
}

async fn create(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let _alive = server.connections.token();
    created(&server, &caller, Query::of(query), &headers, body).await.unwrap_or_else(refuse)
}

async fn created(server: &Arc<Server>, caller: &Caller, query: Query, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let (body, bytes) = read(server, headers, body).await?;
    let query = query.with(&body);
    let fields = query.fields()?;
    let asked = match ask::submission(&body, &rules(server, query.is_base64())) {
        Ok(asked) => asked,
        Err(errors) => return Ok(unprocessable(&errors)),
    };
    drop(body);
    let begun = run::start(server, caller, asked, bytes)?;
    let token = begun.record.token.clone();
    if !query.is("wait") {
        run::keep(server, &begun.record).await?;
        server.connections.spawn(run::follow(server.clone(), caller.clone(), begun));
        return Ok(json(StatusCode::CREATED, &json!({"token": token})));
    }
    let record = run::follow(server.clone(), caller.clone(), begun).await;
    Ok(match record.render(&fields, query.is_base64()) {
        Ok(told) => json(StatusCode::CREATED, &told),
        Err(NoText) => json(StatusCode::CREATED, &json!({"error": NO_TEXT, "token": token})),
    })
}

fn unprocessable(errors: &Errors) -> Response {
    http::mark(json(StatusCode::UNPROCESSABLE_ENTITY, errors), &Refusal::new(Code::BadField, String::new()))
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Token { token: String },
    Errors(Errors),
}

async fn create_batch(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    query: RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    created_batch(&server, &caller, Query::of(query), &headers, body).await.unwrap_or_else(refuse)
}

/// All of them or, where there is no room for all, none.
async fn created_batch(server: &Arc<Server>, caller: &Caller, query: Query, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let (body, bytes) = read(server, headers, body).await?;
    let query = query.with(&body);
    let submissions = body["submissions"].as_array().map_or(&[][..], Vec::as_slice);
    check_size(submissions.len())?;
    let share = bytes / submissions.len();
    let rules = rules(server, query.is_base64());
    let (mut begun, mut entries) = (Vec::new(), Vec::new());
    for submission in submissions {
        let started = match ask::submission(submission, &rules) {
            Ok(asked) => run::start(server, caller, asked, share),
            Err(errors) => {
                entries.push(Entry::Errors(errors));
                continue;
            }
        };
        match started {
            Ok(one) => {
                entries.push(Entry::Token { token: one.record.token.clone() });
                begun.push(one);
            }
            Err(refusal) => match attribute(&refusal) {
                Some((attribute, what)) => entries.push(Entry::Errors([(attribute.to_owned(), vec![what])].into())),
                None => return Err(refusal.into()),
            },
        }
    }
    let status = if begun.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CREATED };
    futures_util::future::try_join_all(begun.iter().map(|one| run::keep(server, &one.record))).await?;
    for one in begun {
        server.connections.spawn(run::follow(server.clone(), caller.clone(), one));
    }
    Ok(json(status, &entries))
}

fn check_size(count: usize) -> Result<(), Refused> {
    let what = match count {
        0 => "there should be at least one submission in a batch".to_owned(),
        1..=BATCH => return Ok(()),
        _ => format!("number of submissions in a batch should be less than or equal to {BATCH}"),
    };
    Err(refused(StatusCode::BAD_REQUEST, Code::BadField, what))
}

/// The caller's submission of this token, as it is now. None where there is none, whether or not another client has it.
fn find(server: &Server, caller: &Caller, token: &str) -> Result<Option<Record>, Refused> {
    let Some(bytes) = server.kept()?.get(&key(token))? else { return Ok(None) };
    let Ok(mut record) = serde_json::from_slice::<Record>(&bytes) else { return Ok(None) };
    if record.owner != run::owner(caller) {
        return Ok(None);
    }
    if record.finished_at.is_none() {
        record.result = match lock(&server.judge0.live).get(token) {
            Some((status, _)) => Outcome { status: *status, ..Outcome::default() },
            // Between the first look and this one it may have ended.
            None => match server.kept()?.get(&key(token))?.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok()) {
                Some(ended) if ended.finished_at.is_some() => return Ok(Some(ended)),
                _ => Outcome { status: INTERNAL, message: Some("the server was restarted".to_owned()), ..Outcome::default() },
            },
        };
    }
    Ok(Some(record))
}

async fn show(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
    query: RawQuery,
) -> Response {
    shown(&server, &caller, &token, &Query::of(query)).unwrap_or_else(refuse)
}

fn shown(server: &Server, caller: &Caller, token: &str, query: &Query) -> Result<Response, Refused> {
    let fields = query.fields()?;
    let record = find(server, caller, token)?.ok_or_else(unknown)?;
    record.render(&fields, query.is_base64()).map(|told| json(StatusCode::OK, &told)).map_err(|NoText| no_text(NO_TEXT))
}

fn no_text(what: &str) -> Refused {
    refused(StatusCode::BAD_REQUEST, Code::BadField, what)
}

fn unknown() -> Refused {
    refused(StatusCode::NOT_FOUND, Code::UnknownRun, "there is no submission with this token")
}

async fn show_batch(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, query: RawQuery) -> Response {
    shown_batch(&server, &caller, &Query::of(query)).unwrap_or_else(refuse)
}

fn shown_batch(server: &Server, caller: &Caller, query: &Query) -> Result<Response, Refused> {
    let fields = query.fields()?;
    let tokens = query.0.get("tokens").map_or("", |tokens| tokens.trim());
    let tokens: Vec<&str> = tokens.split(',').filter(|token| !token.is_empty()).collect();
    check_size(tokens.len())?;
    let mut told = Vec::with_capacity(tokens.len());
    for token in tokens {
        told.push(match find(server, caller, token)? {
            Some(record) => record.render(&fields, query.is_base64()).map_err(|NoText| no_text(NO_TEXTS))?,
            None => Value::Null,
        });
    }
    Ok(json(StatusCode::OK, &json!({"submissions": told})))
}

async fn delete(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
    query: RawQuery,
) -> Response {
    deleted(&server, &caller, &token, &Query::of(query)).await.unwrap_or_else(refuse)
}

/// Told once more, in base64: it is the last time.
async fn deleted(server: &Server, caller: &Caller, token: &str, query: &Query) -> Result<Response, Refused> {
    let fields = query.fields()?;
    let record = find(server, caller, token)?.ok_or_else(unknown)?;
    let id = record.result.status;
    if id <= PROCESSING {
        let name = record::STATUSES[usize::from(id) - 1];
        let what = format!("submission cannot be deleted because its status is {id} ({name})");
        return Err(refused(StatusCode::BAD_REQUEST, Code::BadField, what));
    }
    server.kept()?.remove(key(token)).await?;
    record.render(&fields, true).map(|told| json(StatusCode::OK, &told)).map_err(|NoText| no_text(NO_TEXT))
}
