//! A server of one's own, and a client that speaks frames.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

/// The longest that anything here may take: a bound for hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn runnel() -> Command {
    Command::new(env!("CARGO_BIN_EXE_runnel"))
}

/// Makes the guests once; the cache makes it quick the next time.
pub(crate) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| assert!(runnel().args(["toolchains", "build", "--engine", "wasm"]).status().unwrap().success()));
}

pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: String,
    said: BufReader<ChildStdout>,
    /// Its workspaces.
    pub(crate) folder: Option<Folder>,
    /// Where programs run, if it is a gateway.
    pub(crate) worker: Option<Box<Server>>,
}

/// A folder of one's own, gone afterwards.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("runnel-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_dir_all(format!("{}-doors", self.0.display()));
    }
}

impl Server {
    /// One that leaves Docker alone.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        prepare();
        Self::spawn(&[&["--set", "docker.enabled=false"], arguments].concat())
    }

    pub(crate) fn spawn(arguments: &[&str]) -> Self {
        Self::spawn_at("127.0.0.1:0", arguments)
    }

    pub(crate) fn spawn_at(listen: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let setting = format!("workspaces.folder={}", folder.0.display());
        let doors = format!("doors.folder={}-doors", folder.0.display());
        let mut server = Self::spawn_with(listen, &[&["--set", &setting, "--set", &doors], arguments].concat());
        server.folder = Some(folder);
        server
    }

    fn spawn_with(listen: &str, arguments: &[&str]) -> Self {
        #[cfg(feature = "amqp")]
        if let Some(server) = crate::gateway::in_place_of(listen, arguments) {
            return server;
        }
        let mut command = runnel();
        command.args(["serve", "--listen", listen]).args(arguments);
        Self::begin(command)
    }

    pub(crate) fn begin(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { process, address, said, folder: None, worker: None }
    }

    /// One cell, no Docker, and every line of its log as JSON in a file.
    pub(crate) fn start_logging(log: &Path) -> Self {
        Self::start_logging_with(log, &[])
    }

    pub(crate) fn start_logging_with(log: &Path, arguments: &[&str]) -> Self {
        prepare();
        let mut command = runnel();
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "docker.enabled=false", "--set", "cells.count=1"]);
        command.args(["--set", "desk.live=100", "--set", "log.format=json"]).args(arguments);
        command.env("RUNNEL_LOG", "info").stderr(std::fs::File::create(log).unwrap());
        Self::begin(command)
    }

    /// What it says on stdout after its address.
    pub(crate) fn read_line(&mut self, line: &mut String) {
        self.said.read_line(line).unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    /// As a terminal does it: to the server's whole process group.
    pub(crate) fn signal_group(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, "--", &format!("-{}", self.process.id())]).status().unwrap().success());
    }

    /// Processes whose parent is this server, or its worker.
    pub(crate) fn cells(&self) -> Vec<u32> {
        self.worker.as_ref().map_or_else(|| children(self.process.id()), |worker| worker.cells())
    }

    /// The server and its cells.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut processes = self.cells();
        processes.push(self.process.id());
        processes
    }

    /// Private memory of all of them in KiB: what was written to. Unwritten pages of the guests' files are the page
    /// cache's, whoever else has them mapped or not.
    pub(crate) fn memory(&self) -> u64 {
        let private = |process: u32| {
            let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
            let lines = text.lines().filter(|line| line.starts_with("Private_Dirty"));
            lines.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum::<u64>()
        };
        self.processes().into_iter().map(private).sum()
    }

    pub(crate) async fn connect(&self) -> Client {
        let mut request = format!("ws://{}/v1/connect", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "runnel.v1".parse().unwrap());
        let stream = TcpStream::connect(&self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut client = Client { socket };
        let welcome = client.next().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        client
    }

    /// One HTTP request; status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, "", "").into_text()
    }

    /// The same with a body; each of `headers` ends its line.
    pub(crate) fn post(&self, path: &str, headers: &str, body: &str) -> (u16, String) {
        self.ask("POST", path, headers, body).into_text()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        Answer::read(self.begin_request(method, path, headers, body))
    }

    /// Sends a request; it is on its way when this returns.
    pub(crate) fn begin_request(&self, method: &str, path: &str, headers: &str, body: &str) -> std::net::TcpStream {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        stream
    }
}

/// What came back over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(mut stream: std::net::TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let (head, body) = (str::from_utf8(&answer[..end]).unwrap().to_owned(), &answer[end + 4..]);
        let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
        Self { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body }
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    fn into_text(self) -> (u16, String) {
        (self.status, String::from_utf8(self.body).unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        let rest = &body[end + 2..];
        whole.extend_from_slice(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

pub(crate) fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut fields = after_name.split_whitespace();
        if fields.next() != Some("Z") && fields.next() == Some(&parent.to_string()) {
            found.push(process);
        }
    }
    found
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Value {
        // Over all messages: pings come as long as the server lives.
        let text = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.message().await {
                    Some(Message::Text(text)) => return text,
                    Some(Message::Ping(_) | Message::Pong(_)) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        let frame = serde_json::from_str(&text.await.expect("no frame comes")).unwrap();
        crate::schema::check("ServerFrame", &frame);
        frame
    }

    pub(crate) async fn message(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .expect("nothing comes")
            .map(|message| message.expect("the connection broke"))
    }

    /// Reads until the server closes, and how it did.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match self.message().await {
                Some(Message::Close(frame)) => return frame,
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// The next frame of that type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
            assert!(frame["type"] != "error" && frame["type"] != "result", "before a {kind}: {frame:#}");
        }
    }

    /// Sends `run` with these fields and returns every frame up to the result.
    pub(crate) async fn run(&mut self, fields: Value) -> Ran {
        let mut frame = json!({"type": "run", "id": "r"});
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.send(frame.clone()).await;
        let ran = self.rest("r").await;
        if ran.last()["type"] == "result" {
            crate::schema::check("ClientFrame", &frame);
        }
        ran
    }

    /// Every frame of a run that is under way.
    pub(crate) async fn rest(&mut self, id: &str) -> Ran {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            assert_eq!(frame["id"], id, "{frame}");
            let last = frame["type"] == "result" || frame["type"] == "error";
            frames.push(frame);
            if last {
                return Ran { frames };
            }
        }
    }

    pub(crate) async fn python(&mut self, code: &str) -> Ran {
        self.run(json!({"language": "python", "code": code})).await
    }

    /// Sends a whole `run` frame and waits for nothing.
    pub(crate) async fn begin(&mut self, id: &str, fields: Value) {
        let mut frame = json!({"type": "run", "id": id});
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.send(frame).await;
    }

    pub(crate) async fn javascript(&mut self, code: &str) -> Ran {
        self.run(json!({"language": "javascript", "code": code})).await
    }
}

/// All frames of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) frames: Vec<Value>,
}

impl Ran {
    pub(crate) fn last(&self) -> &Value {
        self.frames.last().unwrap()
    }

    pub(crate) fn execution(&self) -> &Value {
        &self.last()["execution"]
    }

    pub(crate) fn status(&self) -> &str {
        self.execution()["status"].as_str().unwrap_or_else(|| panic!("{:?}", self.last()))
    }

    pub(crate) fn stdout(&self) -> &str {
        self.execution()["stdout"].as_str().unwrap_or_else(|| panic!("{:?}", self.last()))
    }

    pub(crate) fn stderr(&self) -> &str {
        self.execution()["stderr"].as_str().unwrap_or_else(|| panic!("{:?}", self.last()))
    }

    /// What was streamed of one pipe, put together.
    pub(crate) fn streamed(&self, pipe: &str) -> String {
        self.frames.iter().filter(|frame| frame["type"] == pipe).map(|frame| frame["data"].as_str().unwrap()).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
    }

    /// Without its waiting for a place: containers take a moment, and a gateway that has heard nothing of a run by then says that it waits.
    pub(crate) fn unqueued(mut self) -> Self {
        self.frames.retain(|frame| frame["type"] != "queued");
        self
    }

    /// The frame of the compile step.
    pub(crate) fn compiled(&self) -> &Value {
        let found = self.frames.iter().find(|frame| frame["type"] == "compiled");
        found.unwrap_or_else(|| panic!("nothing was compiled: {:?}", self.frames))
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        assert_eq!(self.status(), "success", "{:#}", self.last());
        self
    }
}
