//! The WebSocket door: one connection, many runs. A reading half turns frames into requests, a task for each run
//! turns its events into frames, a writing half sends them. Everything between them is bounded: a client that does
//! not read stops its programs and nothing else.

use super::entry::denied;
use super::listen::Peer;
use super::{Server, workspaces};
use crate::access::{Caller, Refused as Stranger, Seat};
use crate::event::Event;
use crate::job::{Job, Owner};
use crate::lock::lock;
use crate::metrics::Flow;
use crate::protocol::answers::ClockFrame;
use crate::protocol::parse::{self, Ask, Refused, Request};
use crate::protocol::{Code, Refusal, close, render};
use crate::runner::{self, Input, InputFault, RETRY, Run, Signals};
use axum::extract::State;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;

/// Frames that wait for a slow client, over all runs of a connection.
pub(super) const OUTGOING: usize = 8;
/// How long a closed connection is drained, and how much of it: a client in the middle of a large frame should
/// learn why, not see a reset.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 256 << 20;
/// How long a frame may take to be sent when the connection is being closed.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long a client without a token may take to send it, and how large its first frame may be.
const INTRODUCTION: Duration = Duration::from_secs(5);
const HELLO: usize = 4 << 10;
/// Parsing a larger frame is kept off the other connections' threads.
pub(super) const LARGE_FRAME: usize = 256 << 10;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Answers the handshake.
pub(super) async fn connect(State(server): State<Arc<Server>>, mut request: axum::extract::Request) -> Response {
    let accept = match handshake(request.headers()) {
        Ok(accept) => accept,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let asked = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let protocols: Vec<String> = asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    if !protocols.is_empty() && !protocols.iter().any(|name| name == crate::protocol::NAME) {
        return (StatusCode::BAD_REQUEST, "this server speaks the subprotocol runnel.v1\n").into_response();
    }
    let guest = Guest::of(&request);
    let upgrade = hyper::upgrade::on(&mut request);
    server.connections.clone().spawn(async move {
        match upgrade.await {
            Ok(stream) => serve(stream, server, guest).await,
            Err(fault) => tracing::debug!("an upgrade failed: {fault}"),
        }
    });
    let mut response = switching(accept);
    if !protocols.is_empty() {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(crate::protocol::NAME));
    }
    response
}

/// From here on it is a socket.
pub(super) fn switching(accept: HeaderValue) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

pub(super) fn handshake(headers: &HeaderMap) -> Result<HeaderValue, &'static str> {
    let holds = |name: HeaderName, word: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    if !holds(CONNECTION, "upgrade") || !holds(UPGRADE, "websocket") {
        return Err("this is a WebSocket address: connect with a WebSocket client\n");
    }
    if !holds(SEC_WEBSOCKET_VERSION, "13") {
        return Err("WebSocket version 13 is needed\n");
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or("`Sec-WebSocket-Key` is missing\n")?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| "`Sec-WebSocket-Key` can't be read\n")
}

/// Who has come.
struct Guest {
    caller: Option<Caller>,
    address: IpAddr,
    /// Taken as long as the connection stands.
    seat: Option<Arc<Seat>>,
}

impl Guest {
    fn of(request: &axum::extract::Request) -> Self {
        let extensions = request.extensions();
        let address = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        Self { caller: extensions.get().cloned(), address, seat: extensions.get().cloned() }
    }
}

/// A run that a client may still speak to.
struct Live {
    input: Input,
    signals: Signals,
    cancel: CancellationToken,
}

type LiveRuns = Arc<Mutex<HashMap<String, Live>>>;

struct Connection {
    server: Arc<Server>,
    live: LiveRuns,
    runs: JoinSet<()>,
    outgoing: mpsc::Sender<Message>,
    /// Ends with the connection; every run's token is a child of it.
    token: CancellationToken,
    /// Where it has no token.
    owner: Owner,
    /// None until it has said who it is.
    caller: Option<Caller>,
    address: IpAddr,
}

/// Why the reading half ended.
pub(super) enum Goodbye {
    /// The client is gone.
    Gone,
    Close(u16, &'static str),
}

/// A socket whose frames have the configured size at most.
pub(super) async fn framed(stream: Upgraded, server: &Server) -> Socket {
    let max = server.settings.max_frame_bytes();
    let config = WebSocketConfig::default().max_message_size(Some(max)).max_frame_size(Some(max));
    WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, Some(config)).await
}

async fn serve(stream: Upgraded, server: Arc<Server>, guest: Guest) {
    let (sink, stream) = framed(stream, &server).await.split();
    let (outgoing, frames) = mpsc::channel(OUTGOING);
    let metrics = server.runner.metrics();
    metrics.connections.inc();
    let _connected = server.sockets.connected();
    let mut writer = tokio::spawn(write(sink, frames, server.settings.ping(), metrics.socket.outgoing.clone()));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let owner = Owner::Connection(NEXT.fetch_add(1, Ordering::Relaxed));
    let _owned = CloseOwned { server: server.clone(), owner: owner.clone() };
    let (live, token) = (LiveRuns::default(), CancellationToken::new());
    let Guest { caller, address, seat } = guest;
    let _seat = seat;
    let connection = Connection { server: server.clone(), live, runs: JoinSet::new(), outgoing, token, owner, caller, address };
    let (goodbye, stream) = tokio::select! {
        read = connection.read(stream) => read,
        _ = &mut writer => return,
    };
    part(writer, stream, goodbye).await;
}

/// All senders are gone with the connection: the writer sends what it has, then the last words, and ends.
pub(super) async fn part(mut writer: JoinHandle<SplitSink<Socket, Message>>, stream: SplitStream<Socket>, goodbye: Goodbye) {
    let Goodbye::Close(code, reason) = goodbye else {
        writer.abort();
        return;
    };
    let Ok(Ok(mut sink)) = tokio::time::timeout(LAST_WORDS, &mut writer).await else {
        writer.abort();
        return;
    };
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    let _ = tokio::time::timeout(LAST_WORDS, sink.send(Message::Close(Some(frame)))).await;
    if let Ok(mut socket) = stream.reunite(sink) {
        let drain = async {
            let mut rest = socket.get_mut().take(LINGER_BYTES);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }
}

/// The end of what only this connection could use.
struct CloseOwned {
    server: Arc<Server>,
    owner: Owner,
}

impl Drop for CloseOwned {
    fn drop(&mut self) {
        let workspaces = self.server.runner.workspaces().clone();
        if workspaces.all(&self.owner).is_empty() {
            return;
        }
        let owner = self.owner.clone();
        self.server.connections.spawn(async move { workspaces.close_all(&owner).await });
    }
}

/// Sends frames, several with one flush where several wait; pings a silent client.
pub(super) async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut frames: mpsc::Receiver<Message>,
    ping: Duration,
    sent: Flow,
) -> SplitSink<Socket, Message> {
    let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + ping, ping);
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame,
            _ = pings.tick() => Some(Message::Ping(Vec::new().into())),
        };
        let Some(frame) = frame else { break };
        count(&sent, &frame);
        if sink.feed(frame).await.is_err() {
            break;
        }
        while let Ok(frame) = frames.try_recv() {
            count(&sent, &frame);
            if sink.feed(frame).await.is_err() {
                return sink;
            }
        }
        if sink.flush().await.is_err() {
            break;
        }
    }
    sink
}

/// Pings are none of the protocol's frames.
fn count(sent: &Flow, frame: &Message) {
    if frame.is_text() {
        sent.frame(frame.len());
    }
}

impl Connection {
    async fn read(mut self, mut stream: SplitStream<Socket>) -> (Goodbye, SplitStream<Socket>) {
        let goodbye = self.read_frames(&mut stream).await;
        self.token.cancel();
        (goodbye, stream)
    }

    async fn read_frames(&mut self, stream: &mut SplitStream<Socket>) -> Goodbye {
        if self.caller.is_some() && self.send(render::json(&self.server.welcome())).await.is_err() {
            return Goodbye::Gone;
        }
        let introduction = tokio::time::sleep(INTRODUCTION);
        tokio::pin!(introduction);
        let server = self.server.clone();
        let mut heard = Instant::now();
        let mut check = tokio::time::interval(server.settings.ping());
        loop {
            let draining = server.draining.is_cancelled();
            if draining && self.runs.is_empty() {
                return Goodbye::Close(close::RESTART, "the server is shutting down");
            }
            tokio::select! {
                frame = stream.next() => {
                    heard = Instant::now();
                    match self.take(frame).await {
                        Ok(()) => {}
                        Err(goodbye) => return goodbye,
                    }
                }
                Some(_) = self.runs.join_next() => {}
                () = &mut introduction, if self.caller.is_none() => return Goodbye::Close(close::UNAUTHORIZED, "a token is needed"),
                _ = check.tick() => {
                    if heard.elapsed() > server.settings.pong() {
                        return Goodbye::Close(close::GOING_AWAY, "no answer to a ping");
                    }
                }
                () = server.draining.cancelled(), if !draining => {}
                () = server.ending.cancelled(), if !self.token.is_cancelled() => self.token.cancel(),
            }
        }
    }

    async fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Goodbye> {
        match frame {
            Some(Ok(Message::Text(text))) if self.caller.is_none() && text.len() > HELLO => {
                Err(Goodbye::Close(close::UNAUTHORIZED, "a token is needed"))
            }
            Some(Ok(Message::Text(text))) => {
                self.server.runner.metrics().socket.incoming.frame(text.len());
                let rules = &self.server.rules;
                let request = if text.len() > LARGE_FRAME {
                    tokio::task::block_in_place(|| parse::request(&text, rules))
                } else {
                    parse::request(&text, rules)
                };
                let bytes = text.len();
                drop(text);
                if let Ok(Request::Hello { token }) = &request {
                    return self.introduce(token.as_deref()).await;
                }
                if self.caller.is_none() {
                    return self.turn_away(&Refusal::new(Code::Unauthorized, Stranger::NoToken.to_string())).await;
                }
                let refused = match request {
                    Ok(request) => self.obey(request, bytes).await,
                    Err(refused) => Err(refused),
                };
                match refused {
                    Ok(()) => Ok(()),
                    Err(refused) => self.send(error(&self.server, refused.id.as_deref(), &refused.refusal)).await,
                }
            }
            Some(Ok(Message::Binary(_))) => Err(Goodbye::Close(close::NOT_TEXT, "frames are text")),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(Goodbye::Gone),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                Err(Goodbye::Close(close::TOO_LARGE, "the frame is too large"))
            }
            Some(Err(Error::Utf8(_))) => Err(Goodbye::Close(close::NOT_UTF8, "the frame is not UTF-8")),
            Some(Err(_)) => Err(Goodbye::Gone),
        }
    }

    async fn send(&self, frame: String) -> Result<(), Goodbye> {
        self.outgoing.send(Message::text(frame)).await.map_err(|_| Goodbye::Gone)
    }

    /// Who it is. Without a token it stays who it was.
    async fn introduce(&mut self, token: Option<&str>) -> Result<(), Goodbye> {
        if token.is_some() || self.caller.is_none() {
            match self.server.access.caller(token, self.address) {
                Ok(caller) => self.caller = Some(caller),
                Err(stranger) => return self.turn_away(&Refusal::new(Code::Unauthorized, stranger.to_string())).await,
            }
        }
        self.send(render::json(&self.server.welcome())).await
    }

    async fn turn_away(&self, refusal: &Refusal) -> Result<(), Goodbye> {
        self.send(render::error(None, refusal)).await?;
        Err(Goodbye::Close(close::UNAUTHORIZED, "a token is needed"))
    }

    /// Whose workspaces it may use.
    fn owner(&self) -> Owner {
        self.caller.as_ref().map_or_else(|| self.owner.clone(), |caller| caller.owner(self.owner.clone()))
    }

    async fn obey(&mut self, request: Request, bytes: usize) -> Result<(), Box<Refused>> {
        match request {
            // Heard before.
            Request::Hello { .. } => Ok(()),
            Request::Workspace { id, ask } => self.ask(id, ask).await,
            Request::Glance { machine } => {
                let _ = self.send(super::glance::frame(&self.server, machine)).await;
                Ok(())
            }
            Request::Clock { client_ms } => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let _ = self.send(render::json(&ClockFrame::new(now, client_ms))).await;
                Ok(())
            }
            Request::Run(mut job) => {
                let id = job.id.clone();
                job.owner = self.owner.clone();
                self.start(*job, bytes).map_err(|refusal| refused(id, refusal))
            }
            Request::Stdin { id, bytes, eof } => {
                let sent = lock(&self.live).get(&id).map_or(Err(InputFault::Closed), |live| live.input.send(&bytes, eof));
                sent.map_err(|fault| {
                    let refusal = input_refusal(&id, fault);
                    refused(id, refusal)
                })
            }
            Request::Cancel { id } => self.reach(id, |live| live.cancel.cancel()),
            Request::Signal { id, signal } => self.reach(id, |live| {
                live.signals.send(signal);
            }),
        }
    }

    fn reach(&self, id: String, reach: impl FnOnce(&Live)) -> Result<(), Box<Refused>> {
        match lock(&self.live).get(&id) {
            Some(live) => {
                reach(live);
                Ok(())
            }
            None => {
                let refusal = Refusal::of_field(Code::UnknownRun, "id", format!("there is no run `{id}`"));
                Err(refused(id, refusal))
            }
        }
    }

    /// In a task of its own: closing may wait for a run to end.
    async fn ask(&mut self, id: Option<String>, ask: Ask) -> Result<(), Box<Refused>> {
        let (server, owner, outgoing) = (self.server.clone(), self.owner(), self.outgoing.clone());
        let answer = async move {
            let frame = match workspaces::answer(&server, &owner, id.as_deref(), ask).await {
                Ok(frame) => frame,
                Err(refusal) => error(&server, id.as_deref(), &refusal),
            };
            let _ = outgoing.send(Message::text(frame)).await;
        };
        self.runs.spawn(answer);
        Ok(())
    }

    fn start(&mut self, mut job: Job, bytes: usize) -> Result<(), Refusal> {
        let caller = self.caller.clone().ok_or_else(|| Refusal::new(Code::Unauthorized, Stranger::NoToken.to_string()))?;
        let cancel = self.token.child_token();
        {
            let live = lock(&self.live);
            if live.contains_key(&job.id) {
                return Err(Refusal::of_field(Code::DuplicateId, "id", format!("a run `{}` is live", job.id)));
            }
            let most = self.server.settings.runs;
            if live.len() >= most {
                return Err(busy(format!("this connection has {most} runs, which is the most allowed")));
            }
        }
        self.server.access.admit(&caller, &mut job, bytes).map_err(|fault| denied(&fault))?;
        let run = self.server.runner.start(job, cancel.clone()).map_err(refusal)?;
        lock(&self.live).insert(run.job().id.clone(), Live { input: run.input(), signals: run.signals(), cancel });
        self.runs.spawn(attend(run, caller, self.outgoing.clone(), self.live.clone()));
        Ok(())
    }
}

/// Passes a run's events on as frames.
async fn attend(mut run: Run, caller: Caller, outgoing: mpsc::Sender<Message>, live: LiveRuns) {
    let id = run.job().id.clone();
    let meta = run.job().meta.clone();
    while let Some(event) = run.next().await {
        if matches!(event, Event::Ended(_)) {
            // Before the last frame: whoever reads it may use the id again.
            lock(&live).remove(&id);
        }
        let frame = render::event(&id, meta.as_deref(), &event);
        caller.pass(frame.len()).await;
        if outgoing.send(Message::text(frame)).await.is_err() {
            return;
        }
    }
}

fn error(server: &Server, id: Option<&str>, refusal: &Refusal) -> String {
    server.runner.metrics().refusal(refusal.code.word()).inc();
    render::error(id, refusal)
}

fn busy(message: String) -> Refusal {
    let mut refusal = Refusal::new(Code::Busy, message);
    refusal.details.retry_after_ms = u64::try_from(RETRY.as_millis()).ok();
    refusal
}

fn refused(id: String, refusal: Refusal) -> Box<Refused> {
    Box::new(Refused { id: Some(id), refusal })
}

pub(super) fn refusal(refused: runner::Refused) -> Refusal {
    let message = refused.to_string();
    match refused {
        runner::Refused::Busy | runner::Refused::Away(_) => busy(message),
        runner::Refused::Workspace(fault) => workspaces::refusal(&fault),
        runner::Refused::ShuttingDown => Refusal::new(Code::ShuttingDown, message),
        runner::Refused::Unavailable { .. } => Refusal::of_field(Code::LanguageUnavailable, "language", message),
    }
}

fn input_refusal(id: &str, fault: InputFault) -> Refusal {
    match fault {
        InputFault::Closed => {
            Refusal::of_field(Code::NotRunning, "id", format!("the run `{id}` takes no input: {fault}, or it is not running"))
        }
        InputFault::Busy => busy(fault.to_string()),
        InputFault::TooLarge { limit, given } => Refusal::of_bound(Code::TooLarge, "data", (limit, given), fault.to_string()),
    }
}
