//! Connections to servers: kept up, taken in turn. A job that is asked for here is answered, or its connection was
//! lost; who asked decides what then.

use super::lines::Job;
use super::results::Last;
use super::tally::Tally;
use super::{Answer, Fault};
use crate::lock::lock;
use crate::protocol::Refusal;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};

/// Between two tries of a server that does not answer.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(10)];
/// From the first byte to `welcome`.
const CONNECT: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(20);
/// A server that says nothing for so long, not even to a ping, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Frames that wait for a slow server.
const OUTGOING: usize = 16;
/// The largest frame that is read.
const LARGEST: usize = 256 << 20;

type Socket = WebSocketStream<TcpStream>;

/// Where a server is.
#[derive(Clone, Debug)]
pub(super) struct Address {
    url: String,
    authority: String,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (authority, path) = crate::cli::address::parse(text, &["ws"])?;
        let path = if path.is_empty() || path == "/" { "/v1/connect" } else { &path };
        Ok(Self { url: format!("ws://{authority}{path}"), authority })
    }
}

/// All servers.
pub(super) struct Pool {
    links: Vec<Link>,
    next: AtomicUsize,
    /// Changes with every connection that is there or is lost.
    changes: watch::Sender<u64>,
    /// When the last connection was lost.
    lost: Mutex<Instant>,
    patience: Duration,
    token: Option<HeaderValue>,
    tally: Arc<Tally>,
}

struct Link {
    address: Address,
    state: Mutex<State>,
}

enum State {
    /// Why it is not there.
    Down(String),
    Up(Arc<Session>),
    /// It answered, and will not have us.
    Refused(String),
}

/// One connection.
struct Session {
    outgoing: mpsc::Sender<Message>,
    /// Jobs that are under way there. None when it is over.
    pending: Mutex<Option<HashMap<String, oneshot::Sender<Answer>>>>,
    /// It takes no more.
    draining: AtomicBool,
    max_frame_bytes: usize,
}

#[derive(Deserialize)]
struct Welcome {
    languages: Vec<Language>,
    limits: Limits,
}

#[derive(Deserialize)]
struct Language {
    name: String,
    aliases: Vec<String>,
}

#[derive(Deserialize)]
struct Limits {
    max_frame_bytes: usize,
}

/// What of a frame says where it belongs.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    retry_after_ms: Option<u64>,
}

impl Pool {
    pub(super) fn new(addresses: Vec<Address>, patience: Duration, token: Option<HeaderValue>, tally: Arc<Tally>) -> Arc<Self> {
        let link = |address| Link { address, state: Mutex::new(State::Down("not tried yet".to_owned())) };
        let links = addresses.into_iter().map(link).collect();
        Arc::new(Self {
            links,
            next: AtomicUsize::new(0),
            changes: watch::Sender::new(0),
            lost: Mutex::new(Instant::now()),
            patience,
            token,
            tally,
        })
    }

    /// What keeps the connections up; ends when dropped.
    pub(super) fn keep(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for index in 0..self.links.len() {
            tasks.spawn(self.clone().keep_link(index));
        }
        tasks
    }

    /// Asks for one job, on the next connection that is there.
    pub(super) async fn ask(&self, job: &Job) -> Result<Answer, Fault> {
        let session = self.session().await?;
        let most = session.max_frame_bytes;
        if job.frame.len() > most {
            // It would cost the connection, and every job on it.
            let message = format!("the job has {} bytes, the most that the server reads is {most}", job.frame.len());
            return Ok(Answer::Last(Last::of_refusal(&Refusal::new(crate::protocol::Code::TooLarge, message))));
        }
        let answer = session.ask(job).await.unwrap_or(Answer::Lost);
        if let Answer::Draining = answer {
            // From here on it counts as not there.
            session.draining.store(true, Ordering::Relaxed);
            *lock(&self.lost) = Instant::now();
        }
        Ok(answer)
    }

    async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut changes = self.changes.subscribe();
        loop {
            let first = self.next.fetch_add(1, Ordering::Relaxed);
            let mut refused = 0;
            for index in 0..self.links.len() {
                match &*lock(&self.links[first.wrapping_add(index) % self.links.len()].state) {
                    State::Up(session) if !session.draining.load(Ordering::Relaxed) => return Ok(session.clone()),
                    State::Refused(_) => refused += 1,
                    State::Up(_) | State::Down(_) => {}
                }
            }
            let until = *lock(&self.lost) + self.patience;
            if refused == self.links.len() || timeout_at(until, changes.changed()).await.is_err() {
                return Err(Fault::NoServer(self.links.iter().map(Link::tell).collect()));
            }
        }
    }

    async fn keep_link(self: Arc<Self>, index: usize) {
        let address = &self.links[index].address;
        let jitter = RandomState::new();
        let (mut pause, mut told) = (PAUSES[0], None);
        for round in 0u64.. {
            let why = match timeout(CONNECT, self.connect(address)).await {
                Ok(Ok((socket, welcome))) => {
                    (pause, told) = (PAUSES[0], None);
                    self.tally.name_languages(welcome.languages.into_iter().map(|language| (language.name, language.aliases)));
                    self.converse(index, socket, welcome.limits).await
                }
                Ok(Err(ConnectFault { why, is_final: true })) => {
                    self.tally.say(&format!("{}: {why}", address.url));
                    return self.set(index, State::Refused(why));
                }
                Ok(Err(ConnectFault { why, .. })) => why,
                Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
            };
            if told.as_ref() != Some(&why) {
                self.tally.say(&format!("{}: {why}; trying again", address.url));
                told = Some(why.clone());
            }
            self.set(index, State::Down(why));
            // Between half of it and all: many clients of a server that comes back don't come at once.
            let share = jitter.hash_one(round) % 512;
            #[expect(clippy::cast_precision_loss, reason = "a number below 512")]
            let share = 0.5 + share as f64 / 1024.0;
            tokio::time::sleep(pause.mul_f64(share)).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    fn set(&self, index: usize, state: State) {
        *lock(&self.links[index].state) = state;
        self.changes.send_modify(|count| *count += 1);
    }

    async fn connect(&self, address: &Address) -> Result<(Socket, Welcome), ConnectFault> {
        let stream = TcpStream::connect(&address.authority).await?;
        stream.set_nodelay(true)?;
        let mut request = address.url.as_str().into_client_request()?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(crate::protocol::NAME));
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let (mut socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let welcome = serde_json::from_str::<Welcome>(&text);
                    return welcome
                        .map(|welcome| (socket, welcome))
                        .map_err(|_| ConnectFault { why: format!("it does not speak {}", crate::protocol::NAME), is_final: true });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Err(ConnectFault { why: said_goodbye(&message), is_final: false }),
                Some(Err(fault)) => return Err(fault.into()),
                None => return Err(ConnectFault { why: "it closed the connection".to_owned(), is_final: false }),
            }
        }
    }

    /// Until the connection is lost, and why it was.
    async fn converse(&self, index: usize, socket: Socket, limits: Limits) -> String {
        let (outgoing, frames) = mpsc::channel(OUTGOING);
        let session = Arc::new(Session {
            outgoing,
            pending: Mutex::new(Some(HashMap::new())),
            draining: AtomicBool::new(false),
            max_frame_bytes: limits.max_frame_bytes,
        });
        self.set(index, State::Up(session.clone()));
        let (sink, stream) = socket.split();
        // Each goes on while the other waits: a server that is slow to read is read from all the same.
        let why = tokio::select! {
            why = session.read(stream) => why,
            why = write(sink, frames) => why,
        };
        // In this order, and without a pause between: who learns that a job is lost finds the link down.
        *lock(&self.lost) = Instant::now();
        self.set(index, State::Down(why.clone()));
        drop(lock(&session.pending).take());
        why
    }
}

impl Link {
    fn tell(&self) -> String {
        match &*lock(&self.state) {
            State::Down(why) | State::Refused(why) => format!("{}: {why}", self.address.url),
            State::Up(_) => format!("{}: it is shutting down", self.address.url),
        }
    }
}

impl Session {
    async fn ask(&self, job: &Job) -> Option<Answer> {
        let (tell, told) = oneshot::channel();
        lock(&self.pending).as_mut()?.insert(job.id.clone(), tell);
        self.outgoing.send(Message::Text(job.frame.clone())).await.ok()?;
        told.await.ok()
    }

    async fn read(&self, mut stream: SplitStream<Socket>) -> String {
        loop {
            match timeout(SILENCE, stream.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if let Err(why) = self.take(&text) {
                        return why;
                    }
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(message))) => return said_goodbye(&message),
                Ok(Some(Err(fault))) => return format!("the connection was lost: {fault}"),
                Ok(None) => return "it closed the connection".to_owned(),
                Err(_) => return format!("nothing was heard for {} s", SILENCE.as_secs()),
            }
        }
    }

    /// Gives a last frame to who waits for it; others are of no interest here.
    fn take(&self, text: &Utf8Bytes) -> Result<(), String> {
        let head: Head<'_> = serde_json::from_str(text).map_err(|fault| format!("a frame that can't be read: {fault}"))?;
        let answer = match (head.kind.as_ref(), head.code.as_deref()) {
            ("result", _) => Answer::Last(Last::of_result(text)),
            ("error", Some("busy" | "rate_limited")) => {
                Answer::Busy(head.details.and_then(|details| details.retry_after_ms).map(Duration::from_millis))
            }
            ("error", Some("shutting_down")) => Answer::Draining,
            ("error", _) => Answer::Last(Last::of_error(text)),
            _ => return Ok(()),
        };
        let Some(id) = head.id else {
            return Err(format!("it refused a frame: {}", head.message.unwrap_or_default()));
        };
        let waiting = lock(&self.pending).as_mut().and_then(|pending| pending.remove(id.as_ref()));
        if let Some(waiting) = waiting {
            // Who waited may be gone: the batch is being stopped.
            let _ = waiting.send(answer);
        }
        Ok(())
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut frames: mpsc::Receiver<Message>) -> String {
    let mut pings = tokio::time::interval_at(Instant::now() + PING, PING);
    let lost = |fault: Error| format!("the connection was lost: {fault}");
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame,
            _ = pings.tick() => Some(Message::Ping(Vec::new().into())),
        };
        let Some(frame) = frame else { return "it is not needed any more".to_owned() };
        if let Err(fault) = sink.feed(frame).await {
            return lost(fault);
        }
        while let Ok(frame) = frames.try_recv() {
            if let Err(fault) = sink.feed(frame).await {
                return lost(fault);
            }
        }
        if let Err(fault) = sink.flush().await {
            return lost(fault);
        }
    }
}

fn said_goodbye(message: &Message) -> String {
    match message {
        Message::Close(Some(frame)) => format!("it closed the connection: {} {}", frame.code, frame.reason),
        Message::Close(None) => "it closed the connection".to_owned(),
        Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
            format!("it does not speak {}", crate::protocol::NAME)
        }
    }
}

/// Why there is no connection, and whether another try is of no use.
struct ConnectFault {
    why: String,
    is_final: bool,
}

impl From<std::io::Error> for ConnectFault {
    fn from(fault: std::io::Error) -> Self {
        Self { why: fault.to_string(), is_final: false }
    }
}

impl From<Error> for ConnectFault {
    fn from(fault: Error) -> Self {
        // What is behind a proxy may come back.
        let may_pass = |status: u16| status >= 500 || matches!(status, 408 | 429);
        let is_final = matches!(&fault, Error::Http(response) if !may_pass(response.status().as_u16()));
        Self { why: fault.to_string(), is_final }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, url) in [
            ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/connect"),
            ("ws://a.example/", "ws://a.example:80/v1/connect"),
            ("ws://[::1]:9/x?y=1", "ws://[::1]:9/x?y=1"),
        ] {
            assert_eq!(Address::from_str(text).map(|address| address.url), Ok(url.to_owned()));
        }
        for text in ["127.0.0.1:8080", "http://x", "wss://x", "ws://", "", "ws://x y"] {
            assert!(Address::from_str(text).is_err(), "{text}");
        }
    }
}
