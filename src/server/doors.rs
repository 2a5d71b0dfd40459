//! Doors for the clients of other systems, who change one address and nothing else. Each is a table: a request of theirs becomes the `run` frame
//! that a client of ours would send, what happens becomes their answer. Here is what they share: who may come in, how a run is begun, what text
//! and versions look like to them. Never goes around the parser, the access rules or admission: what these refuse, a door only says in its own words.

mod fusion;
mod jobe;
mod judge0;
mod kept;
mod piston;

use super::http::{self, Refused};
use super::socket::{LARGE_FRAME, refusal};
use super::{Server, entry, metrics};
use crate::access::Caller;
use crate::engine::Readiness;
use crate::event::{Event, Outcome, Text};
use crate::job::Owner;
use crate::link::Signal;
use crate::lock::lock;
use crate::protocol::parse::{self, Request as Asked};
use crate::protocol::{Code, Refusal, render};
use crate::runner::Run;
use crate::toolchain::Toolchain;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
pub(super) use judge0::Judge0;
use kept::Fault;
pub(super) use kept::Kept;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// How a door says no.
type Refuse = fn(Refused) -> Response;

/// All that are switched on.
pub(super) fn router(server: &Arc<Server>) -> Router<Arc<Server>> {
    let guarded = |routes: Router<Arc<Server>>, refuse: Refuse| {
        // Whoever is turned away at the door is counted too.
        let guarded = routes.route_layer(from_fn_with_state((server.clone(), refuse), guard));
        guarded.route_layer(from_fn_with_state(server.clone(), metrics::count))
    };
    let mut doors = Router::new();
    if server.doors.piston {
        doors = doors.merge(guarded(piston::routes(), piston::refuse));
    }
    if server.doors.judge0 {
        doors = doors.merge(guarded(judge0::routes(), judge0::refuse));
    }
    if server.doors.jobe {
        doors = doors.merge(guarded(jobe::routes(), jobe::refuse));
    }
    if server.doors.fusion {
        doors = doors.merge(guarded(fusion::routes(), fusion::refuse));
    }
    doors
}

impl Server {
    /// What outlives a restart here; opened at the first use.
    fn kept(&self) -> Result<&Kept, Fault> {
        if let Some(kept) = self.kept.get() {
            return Ok(kept);
        }
        let _turn = lock(&self.opening);
        // Another may have opened it meanwhile.
        if let Some(kept) = self.kept.get() {
            return Ok(kept);
        }
        let (bytes, time) = self.doors.keeps();
        let kept = block_in_place(|| Kept::open(&self.doors.folder(), kept::Bounds { bytes, time }))?;
        Ok(self.kept.get_or_init(|| kept))
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        tracing::error!("{fault}");
        Refusal::new(Code::Internal, "what is kept is not available").into()
    }
}

/// As `entry::guard`, with the words of the door. Pages of other origins that may come in are told so, as these systems do for all.
async fn guard(State((server, refuse)): State<(Arc<Server>, Refuse)>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = entry::origin(&server, &request) {
        return refuse(refusal.into());
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let is_preflight = origin.is_some() && request.method() == Method::OPTIONS;
    let mut response = match entry::admit_foreign(&server, &request) {
        _ if is_preflight => StatusCode::NO_CONTENT.into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refuse(refusal.into()),
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, x-auth-token, x-api-key"));
    }
    response
}

/// A body as JSON of whatever shape.
async fn read(server: &Server, headers: &HeaderMap, body: Body) -> Result<(Value, usize), Refused> {
    let bytes = http::read(headers, body, server.settings.max_frame_bytes()).await?;
    let parse = || serde_json::from_slice(&bytes).map_err(|fault| Refusal::new(Code::BadJson, format!("not JSON: {fault}")));
    let value = if bytes.len() > LARGE_FRAME { tokio::task::block_in_place(parse) } else { parse() }?;
    Ok((value, bytes.len()))
}

/// Has the job run that the fields of a `run` frame are. `bytes` is what it took to ask.
fn begin(server: &Server, caller: &Caller, mut fields: Map<String, Value>, bytes: usize) -> Result<(Run, CancellationToken), Refusal> {
    fields.insert("type".to_owned(), "run".into());
    fields.insert("id".to_owned(), http::made_up_id().into());
    let parse = || parse::request(&render::json(&fields), &server.rules);
    let asked = if bytes > LARGE_FRAME { tokio::task::block_in_place(parse) } else { parse() };
    let Asked::Run(mut job) = asked.map_err(|refused| refused.refusal)? else {
        return Err(Refusal::new(Code::Internal, "a door asked for something else than a run"));
    };
    job.owner = Owner::Nobody;
    server.access.admit(caller, &mut job, bytes).map_err(|fault| entry::denied(&fault))?;
    let cancel = server.ending.child_token();
    let run = server.runner.start(*job, cancel.clone()).map_err(refusal)?;
    Ok((run, cancel))
}

/// The end of an event.
fn ended(event: Event) -> Option<Box<Outcome>> {
    if let Event::Ended(outcome) = event { Some(outcome) } else { None }
}

fn internal() -> Refusal {
    Refusal::new(Code::Internal, "the run has no end")
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], render::json(body)).into_response()
}

/// These systems know text only.
fn lossy(text: &Text) -> String {
    match text {
        Text::Utf8(text) => text.clone(),
        Text::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Of Linux; 0 for one that has none.
fn signal_number(signal: &str) -> u8 {
    Signal::parse(signal).map_or(0, Signal::number)
}

/// Toolchains that can run now, or as soon as they are ready.
fn usable(server: &Server) -> impl Iterator<Item = &Arc<Toolchain>> {
    let engines = server.runner.engines();
    server.rules.toolchains.iter().filter(move |toolchain| !matches!(engines.readiness(toolchain), Readiness::Unavailable(_)))
}

/// As dynamic languages read base64: what is no digit of it does not count, the end may be missing.
fn lenient_base64(text: &str) -> Vec<u8> {
    let digits = text.bytes().take_while(|byte| *byte != b'=').filter_map(|byte| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        byte if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => Some(byte),
        _ => None,
    });
    let mut digits: Vec<u8> = digits.collect();
    if digits.len() % 4 == 1 {
        // Six bits are no byte.
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

/// The first number of what people see, with as many parts as a version has: `GCC 12.2, C17` is 12.2.0.
fn version(toolchain: &Toolchain) -> String {
    let is_part = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let word = toolchain.version.split([' ', ',', '-']).find(is_part).unwrap_or("0");
    let mut parts: Vec<u64> = word.split('.').map_while(|part| part.parse().ok()).take(3).collect();
    parts.resize(3, 0);
    format!("{}.{}.{}", parts[0], parts[1], parts[2])
}
