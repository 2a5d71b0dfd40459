//! Piston's socket: one connection, one program, with live input and output. A reading half obeys the client, a task turns the run's events
//! into frames, a writing half sends them. A client that goes ends its program; one that does not read stops it and nothing else.

use super::stage::{self, Ended};
use super::{Order, order, said};
use crate::access::{Caller, Seat};
use crate::event::{Event, Pipe, Text};
use crate::judge::Status;
use crate::link::Signal;
use crate::protocol::render;
use crate::runner::{Input, Run, Signals};
use crate::server::Server;
use crate::server::doors::begin;
use crate::server::socket::{Goodbye, LARGE_FRAME, OUTGOING, Socket, framed, handshake, part, switching, write};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use hyper::upgrade::Upgraded;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, block_in_place};
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::Message;

/// How long a client may take to say what it wants.
const INITIALIZATION: Duration = Duration::from_secs(1);

/// Piston's close codes.
mod close {
    pub(super) const ALREADY_INITIALIZED: u16 = 4000;
    pub(super) const INITIALIZATION_TIMEOUT: u16 = 4001;
    pub(super) const NOTIFIED_ERROR: u16 = 4002;
    pub(super) const NOT_YET_INITIALIZED: u16 = 4003;
    pub(super) const CAN_ONLY_WRITE_TO_STDIN: u16 = 4004;
    pub(super) const INVALID_SIGNAL: u16 = 4005;
    pub(super) const JOB_COMPLETED: u16 = 4999;
}

/// Answers the handshake.
pub(super) async fn connect(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, mut request: Request) -> Response {
    let accept = match handshake(request.headers()) {
        Ok(accept) => accept,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let seat: Option<Arc<Seat>> = request.extensions().get().cloned();
    let upgrade = hyper::upgrade::on(&mut request);
    server.connections.clone().spawn(async move {
        let _seat = seat;
        match upgrade.await {
            Ok(stream) => serve(stream, server, caller).await,
            Err(fault) => tracing::debug!("an upgrade failed: {fault}"),
        }
    });
    switching(accept)
}

async fn serve(stream: Upgraded, server: Arc<Server>, caller: Caller) {
    let (sink, stream) = framed(stream, &server).await.split();
    let (outgoing, frames) = mpsc::channel(OUTGOING);
    let metrics = server.runner.metrics();
    metrics.connections.inc();
    let _connected = server.sockets.connected();
    let mut writer = tokio::spawn(write(sink, frames, server.settings.ping(), metrics.socket.outgoing.clone()));
    let connection = Connection { server: server.clone(), caller, outgoing, runs: JoinSet::new(), live: None };
    let (goodbye, stream) = tokio::select! {
        read = connection.read(stream) => read,
        _ = &mut writer => return,
    };
    part(writer, stream, goodbye).await;
}

struct Connection {
    server: Arc<Server>,
    caller: Caller,
    outgoing: mpsc::Sender<Message>,
    /// Its one run, which ends with it.
    runs: JoinSet<Goodbye>,
    live: Option<Live>,
}

/// What a client may still say to its program.
struct Live {
    input: Input,
    signals: Signals,
}

impl Connection {
    async fn read(mut self, mut stream: SplitStream<Socket>) -> (Goodbye, SplitStream<Socket>) {
        let goodbye = self.read_frames(&mut stream).await;
        self.runs.shutdown().await;
        (goodbye, stream)
    }

    async fn read_frames(&mut self, stream: &mut SplitStream<Socket>) -> Goodbye {
        let initialization = tokio::time::sleep(INITIALIZATION);
        tokio::pin!(initialization);
        let mut heard = Instant::now();
        let mut check = tokio::time::interval(self.server.settings.ping());
        loop {
            tokio::select! {
                frame = stream.next() => {
                    heard = Instant::now();
                    if let Err(goodbye) = self.take(frame).await {
                        return goodbye;
                    }
                }
                Some(ended) = self.runs.join_next() => return ended.unwrap_or(Goodbye::Gone),
                () = &mut initialization, if self.live.is_none() => {
                    return Goodbye::Close(close::INITIALIZATION_TIMEOUT, "Initialization Timeout");
                }
                _ = check.tick() => {
                    if heard.elapsed() > self.server.settings.pong() {
                        return Goodbye::Close(crate::protocol::close::GOING_AWAY, "no answer to a ping");
                    }
                }
            }
        }
    }

    async fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Goodbye> {
        let text = match frame {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => message.into_data(),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) | None => return Err(Goodbye::Gone),
            Some(Err(Error::Capacity(_))) => return Err(Goodbye::Close(crate::protocol::close::TOO_LARGE, "the frame is too large")),
            Some(Err(_)) => return Err(Goodbye::Gone),
        };
        self.server.runner.metrics().socket.incoming.frame(text.len());
        let parse = || serde_json::from_slice::<Value>(&text);
        let said = match if text.len() > LARGE_FRAME { block_in_place(parse) } else { parse() } {
            Ok(said) if said.is_object() => said,
            Ok(_) => return Err(fail(&self.outgoing, "a message is a JSON object").await),
            Err(fault) => return Err(fail(&self.outgoing, &fault.to_string()).await),
        };
        match (said["type"].as_str(), &self.live) {
            (Some("init"), None) => self.initialize(&said, text.len()).await,
            (Some("init"), Some(_)) => Err(Goodbye::Close(close::ALREADY_INITIALIZED, "Already Initialized")),
            (Some("data" | "signal"), None) => Err(Goodbye::Close(close::NOT_YET_INITIALIZED, "Not yet initialized")),
            (Some("data"), Some(live)) => self.input(live, &said).await,
            (Some("signal"), Some(live)) => signal(live, &said),
            _ => Ok(()),
        }
    }

    async fn initialize(&mut self, said: &Value, bytes: usize) -> Result<(), Goodbye> {
        let begun = order(&self.server, said).and_then(|order| {
            let Order { mut fields, language, version, compiles } = order;
            // All of its input comes by the socket.
            fields.remove("stdin");
            fields.insert("interactive".to_owned(), true.into());
            let (run, _) = begin(&self.server, &self.caller, fields, bytes)?;
            Ok((run, json!({"type": "runtime", "language": language, "version": version}), compiles))
        });
        let (run, runtime, compiles) = match begun {
            Ok(begun) => begun,
            Err(refusal) => {
                self.server.runner.metrics().refusal(refusal.code.word()).inc();
                return Err(fail(&self.outgoing, &self::said(&refusal)).await);
            }
        };
        self.live = Some(Live { input: run.input(), signals: run.signals() });
        let telling = Telling { caller: self.caller.clone(), outgoing: self.outgoing.clone(), compiles };
        self.runs.spawn(telling.attend(run, runtime));
        Ok(())
    }

    async fn input(&self, live: &Live, said: &Value) -> Result<(), Goodbye> {
        if said["stream"] != "stdin" {
            return Err(Goodbye::Close(close::CAN_ONLY_WRITE_TO_STDIN, "Can only write to stdin"));
        }
        let Some(data) = said["data"].as_str() else {
            return Err(fail(&self.outgoing, "data must be a string").await);
        };
        match live.input.send(data.as_bytes(), false) {
            // What comes too late is nobody's.
            Ok(()) | Err(crate::runner::InputFault::Closed) => Ok(()),
            Err(fault) => Err(fail(&self.outgoing, &fault.to_string()).await),
        }
    }
}

fn signal(live: &Live, said: &Value) -> Result<(), Goodbye> {
    let Some(signal) = said["signal"].as_str().and_then(Signal::parse) else {
        return Err(Goodbye::Close(close::INVALID_SIGNAL, "Invalid signal"));
    };
    // What comes too late is nobody's.
    live.signals.send(signal);
    Ok(())
}

/// Says what is wrong, and then goodbye.
async fn fail(outgoing: &mpsc::Sender<Message>, message: &str) -> Goodbye {
    match send(outgoing, &json!({"type": "error", "message": message})).await {
        Ok(_) => Goodbye::Close(close::NOTIFIED_ERROR, "Notified Error"),
        Err(goodbye) => goodbye,
    }
}

/// How many bytes that took.
async fn send(outgoing: &mpsc::Sender<Message>, frame: &Value) -> Result<usize, Goodbye> {
    let frame = render::json(frame);
    let bytes = frame.len();
    outgoing.send(Message::text(frame)).await.map_err(|_| Goodbye::Gone)?;
    Ok(bytes)
}

/// What becomes frames of a run's events.
struct Telling {
    caller: Caller,
    outgoing: mpsc::Sender<Message>,
    compiles: bool,
}

impl Telling {
    async fn attend(self, run: Run, runtime: Value) -> Goodbye {
        match self.tell(run, runtime).await {
            Ok(()) => Goodbye::Close(close::JOB_COMPLETED, "Job Completed"),
            Err(goodbye) => goodbye,
        }
    }

    async fn tell(&self, mut run: Run, runtime: Value) -> Result<(), Goodbye> {
        self.send(runtime).await?;
        if self.compiles {
            self.stage("compile").await?;
        }
        let mut is_running = false;
        while let Some(event) = run.next().await {
            // A program that was not started has no run stage, one that did has one, whatever it says.
            let begins = match &event {
                Event::Started { .. } => !self.compiles,
                Event::Compiled(compiled) => compiled.ok,
                Event::Queued { .. } | Event::Preparing { .. } | Event::Test(_) | Event::Output { .. } => false,
                Event::Line { .. } | Event::Waiting | Event::Ended(_) => false,
            };
            match event {
                Event::Compiled(compiled) => {
                    if !compiled.output.is_empty() {
                        self.data(Pipe::Stderr, &compiled.output).await?;
                    }
                    self.exit("compile", &stage::compile_ended(&compiled)).await?;
                }
                Event::Output { pipe, data, .. } => self.data(pipe, &data).await?,
                Event::Ended(outcome) if outcome.verdict.status == Status::Internal => {
                    return Err(fail(&self.outgoing, outcome.verdict.message.as_deref().unwrap_or("internal error")).await);
                }
                Event::Ended(outcome) if outcome.verdict.status == Status::CompileError => {}
                Event::Ended(outcome) => {
                    self.exit(if is_running || !self.compiles { "run" } else { "compile" }, &stage::run_ended(&outcome)).await?;
                }
                Event::Queued { .. } | Event::Preparing { .. } | Event::Started { .. } => {}
                Event::Test(_) | Event::Line { .. } | Event::Waiting => {}
            }
            if begins {
                is_running = true;
                self.stage("run").await?;
            }
        }
        Ok(())
    }

    async fn send(&self, frame: Value) -> Result<(), Goodbye> {
        let bytes = send(&self.outgoing, &frame).await?;
        self.caller.pass(bytes).await;
        Ok(())
    }

    async fn stage(&self, stage: &str) -> Result<(), Goodbye> {
        self.send(json!({"type": "stage", "stage": stage})).await
    }

    async fn data(&self, pipe: Pipe, data: &Text) -> Result<(), Goodbye> {
        let stream = match pipe {
            Pipe::Stdout => "stdout",
            Pipe::Stderr => "stderr",
        };
        self.send(json!({"type": "data", "stream": stream, "data": crate::server::doors::lossy(data)})).await
    }

    async fn exit(&self, stage: &str, ended: &Ended) -> Result<(), Goodbye> {
        self.send(json!({"type": "exit", "stage": stage, "code": ended.code, "signal": ended.signal})).await
    }
}
