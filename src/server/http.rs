//! The HTTP door: one request, one run. A body is parsed as the socket's `run` is; the answer is a fold over the
//! run's events, or those events as a stream of server-sent events. A client that goes away ends its run: the run lives in what
//! the client waits for.

use super::Server;
use super::entry::denied;
use super::socket::{LARGE_FRAME, refusal};
use crate::access::Caller;
use crate::event::{Event, Outcome};
use crate::job::{Job, Owner, Stream, TraceParent};
use crate::protocol::parse::{self, Request};
use crate::protocol::{Code, Refusal, body, render};
use crate::runner::Run;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long a body may take to come.
const BODY: Duration = Duration::from_secs(60);
/// How much of a body that is too large is read all the same, and for how long: a client in the middle of it should
/// learn why, not see a reset.
const LINGER_BYTES: usize = 256 << 20;
const LINGER: Duration = Duration::from_secs(5);
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const EVENTS: &str = "text/event-stream";

/// A refusal with the status that it has here, where that is not the table's.
pub(super) struct Refused(pub(super) StatusCode, pub(super) Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(StatusCode::from_u16(refusal.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, refusal) = self;
        mark((status, [(CONTENT_TYPE, "application/json")], body::error(&refusal)).into_response(), &refusal)
    }
}

/// What goes with a refusal beside its words, whatever these are.
pub(super) fn mark(mut response: Response, refusal: &Refusal) -> Response {
    if let Some(pause) = refusal.details.retry_after_ms {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(pause.div_ceil(1000).max(1)));
    }
    // For whoever counts refusals.
    response.extensions_mut().insert(refusal.code);
    response
}

/// `POST /v1/run`.
pub(super) async fn run(State(server): State<Arc<Server>>, request: axum::extract::Request) -> Response {
    // The server's end waits for it.
    let alive = server.connections.token();
    let (head, body) = request.into_parts();
    let Some(caller) = head.extensions.get::<Caller>() else {
        return Refused::from(Refusal::new(Code::Internal, "nobody asked")).into_response();
    };
    match begin(&server, caller, &head.headers, body).await {
        Err(refused) => refused.into_response(),
        Ok(run) if wants_events(&head.headers) => events(run, alive, caller.clone(), server.settings.ping()),
        Ok(run) => answer(run).await,
    }
}

async fn begin(server: &Server, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Run, Refused> {
    check_type(headers)?;
    let bytes = read(headers, body, server.settings.max_frame_bytes()).await?;
    let parse = || job(server, &bytes);
    let mut job = if bytes.len() > LARGE_FRAME { tokio::task::block_in_place(parse) } else { parse() }?;
    job.owner = Owner::Nobody;
    // What is none is ignored, as everywhere with this header.
    job.trace = job.trace.or_else(|| TraceParent::parse(headers.get(TRACEPARENT)?.to_str().ok()?));
    server.access.admit(caller, &mut job, bytes.len()).map_err(|fault| denied(&fault))?;
    drop(bytes);
    if !wants_events(headers) {
        // Nobody sees it before the end.
        job.stream = Stream::Quiet;
    }
    Ok(server.runner.start(job, server.ending.child_token()).map_err(refusal)?)
}

/// The text of a body.
pub(super) async fn read_text(server: &Server, headers: &HeaderMap, body: Body) -> Result<String, Refused> {
    check_type(headers)?;
    let bytes = read(headers, body, server.settings.max_frame_bytes()).await?;
    String::from_utf8(bytes).map_err(|_| Refusal::new(Code::BadJson, "the body is not UTF-8").into())
}

/// Forms are refused: they are no JSON, and what a foreign web page may send without being asked whether it may.
fn check_type(headers: &HeaderMap) -> Result<(), Refused> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/x-www-form-urlencoded" && !kind.starts_with("multipart/") {
        return Ok(());
    }
    let message = format!("the body is a JSON object, not `{kind}`\nhint: send the header `content-type: application/json`");
    Err(Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, Refusal::new(Code::BadJson, message)))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(EVENTS)))
}

pub(super) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Vec<u8>, Refused> {
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut pieces = body.into_data_stream();
    if let Some(given) = told.filter(|given| *given > most) {
        return Err(too_large(pieces, most, Some(given)).await);
    }
    let mut bytes = Vec::with_capacity(told.unwrap_or(0).min(LARGE_FRAME));
    let collect = async {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Refusal::new(Code::BadJson, "the body breaks off"))?;
            if bytes.len() + piece.len() > most {
                return Ok(false);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok::<_, Refusal>(true)
    };
    match timeout(BODY, collect).await {
        Ok(Ok(true)) => Ok(bytes),
        Ok(Ok(false)) => Err(too_large(pieces, most, told).await),
        Ok(Err(refusal)) => Err(refusal.into()),
        Err(_) => {
            let message = format!("the body was not here within {} s", BODY.as_secs());
            Err(Refused(StatusCode::REQUEST_TIMEOUT, Refusal::new(Code::BadJson, message)))
        }
    }
}

async fn too_large(mut pieces: BodyDataStream, most: usize, given: Option<usize>) -> Refused {
    let drain = async {
        let mut left = LINGER_BYTES;
        while let Some(Ok(piece)) = pieces.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(LINGER, drain).await;
    let mut refusal = Refusal::new(Code::TooLarge, format!("the body is too large, the most allowed is {most} bytes"));
    refusal.details.limit = u64::try_from(most).ok();
    refusal.details.given = given.and_then(|given| u64::try_from(given).ok());
    Refused(StatusCode::PAYLOAD_TOO_LARGE, refusal)
}

fn job(server: &Server, bytes: &[u8]) -> Result<Job, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_| Refusal::new(Code::BadJson, "the body is not UTF-8"))?;
    let frame = body::run_frame(text, &made_up_id())?;
    let job = match parse::request(&frame, &server.rules) {
        Ok(Request::Run(job)) => *job,
        Ok(_) => {
            return Err(Refusal::of_field(Code::BadField, "type", "only a `run` can be posted"));
        }
        Err(refused) => return Err(refused.refusal),
    };
    if job.interactive {
        let message = "`interactive` needs the socket: with a request no more input can come\nhint: put all input into `stdin`";
        return Err(Refusal::of_field(Code::BadField, "interactive", message));
    }
    Ok(job)
}

pub(super) fn made_up_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("http-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The plain answer: a fold over what happens, of which the end is kept.
async fn answer(mut run: Run) -> Response {
    let mut outcome = None;
    while let Some(event) = run.next().await {
        outcome = ended(event).or(outcome);
    }
    match outcome {
        Some(outcome) => {
            let frame = render::result(&run.job().id, run.job().meta.as_deref(), &outcome);
            (StatusCode::OK, [(CONTENT_TYPE, "application/json")], body::without_type(&frame)).into_response()
        }
        None => Refused::from(Refusal::new(Code::Internal, "the run has no end")).into_response(),
    }
}

fn ended(event: Event) -> Option<Box<Outcome>> {
    if let Event::Ended(outcome) = event { Some(outcome) } else { None }
}

/// What a client reads next.
enum Part {
    Event(String),
    /// A comment, so that what stands in between does not take the connection for dead.
    Ping,
    End,
}

/// The same events, each as it happens. A client that does not read stops its program, as on the socket.
fn events(run: Run, alive: TaskTrackerToken, caller: Caller, ping: Duration) -> Response {
    let frames = stream::unfold((run, alive, caller), async |(mut run, alive, caller)| {
        let event = run.next().await?;
        let frame = render::event(&run.job().id, run.job().meta.as_deref(), &event);
        let kind = body::type_of(&frame);
        caller.pass(frame.len()).await;
        Some((Part::Event(format!("event: {kind}\ndata: {frame}\n\n")), (run, alive, caller)))
    });
    let pings = stream::unfold(interval_at(Instant::now() + ping, ping), async |mut pings| {
        pings.tick().await;
        Some((Part::Ping, pings))
    });
    let parts = stream::select(frames.chain(stream::once(async { Part::End })), pings);
    let pieces = parts.map(|part| match part {
        Part::Event(text) => Some(text),
        Part::Ping => Some(":\n\n".to_owned()),
        Part::End => None,
    });
    let pieces = pieces.take_while(|piece| std::future::ready(piece.is_some())).filter_map(std::future::ready).map(Ok::<_, Infallible>);
    // The last: a proxy that gathers what comes would undo all this.
    let headers = [(CONTENT_TYPE, EVENTS), (CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Body::from_stream(pieces)).into_response()
}
