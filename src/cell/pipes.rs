//! stdin, stdout and stderr of one sandbox, between WASI's streams and the link. Holds at most one window of output
//! and stops the program until the server has passed it on. Called by `cell::run` and, through wasmtime-wasi, by
//! the guest. Must never block the thread: it is shared with other sandboxes.

use crate::event::Pipe;
use crate::judge::Stop;
use crate::link::{self, ExecId, FromExecutor, WINDOW};
use crate::lock::lock;
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Output is gathered up to this much before it becomes a frame; less goes out whenever the program gives way.
const GATHER: usize = 32 << 10;
/// The most that one read or write of a guest moves.
const TRANSFER: usize = 64 << 10;
/// How far a program that does not ask for leave may get; each frame is charged whole, so a little is usual.
const OVERDRAFT: i64 = 2 * TRANSFER as i64;
/// A wait shorter than this is not worth telling the server.
const PARKING: Duration = Duration::from_millis(5);

/// Frames for the server. One for each cell; a task of the cell writes them.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) buffer: Mutex<Vec<u8>>,
    pub(super) wake: Notify,
}

impl Outbox {
    pub(super) fn push(&self, frame: &FromExecutor<'_>) {
        self.push_along(frame);
        self.wake.notify_one();
    }

    /// Goes with what comes next, at the latest when the program gives way.
    pub(super) fn push_along(&self, frame: &FromExecutor<'_>) {
        link::encode(frame, &mut lock(&self.buffer));
    }

    fn wake_if_filled(&self) {
        if !lock(&self.buffer).is_empty() {
            self.wake.notify_one();
        }
    }
}

/// The server's hold on a running sandbox, and the sandbox's on the server.
pub(super) struct Pipes {
    exec: ExecId,
    outbox: Arc<Outbox>,
    /// Whose stdin the stdout is.
    listener: OnceLock<Weak<Self>>,
    state: Mutex<State>,
    input: Notify,
    credit: Notify,
    /// Somebody wants the program to end.
    pub(super) stopped: Notify,
}

struct State {
    stdin: BytesMut,
    /// All input that came so far.
    received: u64,
    eof: bool,
    /// The server knows that the program waits for input.
    told_waiting: bool,
    gathered: Vec<u8>,
    gathered_from: Pipe,
    /// When the first of what is gathered was written.
    gathered_at: Duration,
    begin: Instant,
    credit: i64,
    output_left: u64,
    output_total: u64,
    /// Waits under way that the server knows of.
    parked: u32,
    stop: Option<Stop>,
}

impl Pipes {
    pub(super) fn new(exec: ExecId, outbox: Arc<Outbox>, output_bytes: u64) -> Arc<Self> {
        let state = State {
            stdin: BytesMut::new(),
            received: 0,
            eof: false,
            told_waiting: false,
            gathered: Vec::new(),
            gathered_from: Pipe::Stdout,
            gathered_at: Duration::ZERO,
            begin: Instant::now(),
            credit: i64::from(WINDOW),
            output_left: output_bytes,
            output_total: 0,
            parked: 0,
            stop: None,
        };
        Arc::new(Self {
            exec,
            outbox,
            listener: OnceLock::new(),
            state: Mutex::new(state),
            input: Notify::new(),
            credit: Notify::new(),
            stopped: Notify::new(),
        })
    }

    /// The stdout of each is the stdin of the other. The end of one is told by the server.
    pub(super) fn cross(one: &Arc<Self>, other: &Arc<Self>) {
        let _ = one.listener.set(Arc::downgrade(other));
        let _ = other.listener.set(Arc::downgrade(one));
    }

    /// The program starts now: what it writes is timed from here.
    pub(super) fn begin(&self) {
        lock(&self.state).begin = Instant::now();
    }

    pub(super) fn stdin(&self, bytes: &[u8], eof: bool) {
        let mut state = lock(&self.state);
        // One buffer: pieces of a byte each must not cost more than their bytes.
        state.stdin.extend_from_slice(bytes);
        state.received += bytes.len() as u64;
        state.eof |= eof;
        state.told_waiting = false;
        drop(state);
        self.input.notify_one();
    }

    pub(super) fn credit(&self, bytes: u32) {
        let mut state = lock(&self.state);
        state.credit = (state.credit + i64::from(bytes)).min(i64::from(WINDOW));
        drop(state);
        self.credit.notify_one();
    }

    /// Ends the program at its next chance; the first reason stands.
    pub(super) fn stop(&self, why: Stop) {
        lock(&self.state).stop.get_or_insert(why);
        self.stopped.notify_one();
    }

    pub(super) fn stop_reason(&self) -> Option<Stop> {
        lock(&self.state).stop
    }

    pub(super) fn output_total(&self) -> u64 {
        lock(&self.state).output_total
    }

    /// Sends what was gathered. Called whenever the program gives way, waits or ends.
    pub(super) fn flush(&self) {
        self.flush_locked(&mut lock(&self.state));
        self.outbox.wake_if_filled();
    }

    fn flush_locked(&self, state: &mut State) {
        if state.gathered.is_empty() {
            return;
        }
        let State { gathered_from: pipe, gathered_at: at, gathered: bytes, .. } = &*state;
        let frame = FromExecutor::Output { exec: self.exec, pipe: *pipe, at: *at, bytes };
        self.outbox.push(&frame);
        state.credit -= i64::from(link::cost(state.gathered.len()));
        // After the frame: the server hears of what was said before it hears that somebody waits for more.
        if let (Pipe::Stdout, Some(listener)) = (state.gathered_from, self.listener.get().and_then(Weak::upgrade)) {
            listener.stdin(&state.gathered, false);
        }
        state.gathered.clear();
    }

    /// Sends a piece of what the program left, when the window has room; false where nobody wants it any more.
    pub(super) async fn leave(&self, bytes: &[u8]) -> bool {
        loop {
            {
                let mut state = lock(&self.state);
                if state.stop == Some(Stop::Cancelled) {
                    return false;
                }
                if state.credit > 0 {
                    state.credit -= i64::from(link::cost(bytes.len()));
                    self.outbox.push(&FromExecutor::Left { exec: self.exec, bytes });
                    return true;
                }
            }
            tokio::select! {
                () = self.credit.notified() => {}
                () = self.stopped.notified() => {}
            }
        }
    }

    fn write(&self, pipe: Pipe, bytes: &[u8]) -> StreamResult<()> {
        let mut state = lock(&self.state);
        if state.gathered_from != pipe {
            self.flush_locked(&mut state);
            state.gathered_from = pipe;
        }
        if state.gathered.is_empty() {
            state.gathered_at = state.begin.elapsed();
        }
        if state.credit < -OVERDRAFT {
            return Err(StreamError::trap("wrote without leave"));
        }
        let room = usize::try_from(state.output_left).unwrap_or(usize::MAX).min(bytes.len());
        state.gathered.extend_from_slice(&bytes[..room]);
        state.output_left -= room as u64;
        state.output_total += room as u64;
        if state.gathered.len() >= GATHER {
            self.flush_locked(&mut state);
        }
        if room < bytes.len() {
            state.stop.get_or_insert(Stop::Output);
            return Err(StreamError::trap("the output limit was reached"));
        }
        Ok(())
    }

    /// How much may be written now.
    fn room(&self) -> usize {
        let state = lock(&self.state);
        let left = state.credit - i64::try_from(state.gathered.len()).unwrap_or(i64::MAX);
        usize::try_from(left).unwrap_or(0).min(TRANSFER)
    }

    /// Waits for something outside; the server is told when it takes a while.
    pub(super) async fn park(&self, wait: impl Future<Output = ()>) {
        let mut wait = std::pin::pin!(wait);
        if tokio::time::timeout(PARKING, &mut wait).await.is_ok() {
            return;
        }
        let _parked = Parked::begin(self);
        wait.await;
    }

    async fn wait_for_input(&self) {
        if self.has_input() {
            return;
        }
        // A program that only asks whether there is input does not wait for it: it does not come back here.
        come_back().await;
        loop {
            {
                let mut state = lock(&self.state);
                if !state.stdin.is_empty() || state.eof {
                    return;
                }
                self.flush_locked(&mut state);
                if !std::mem::replace(&mut state.told_waiting, true) {
                    self.outbox.push(&FromExecutor::Waiting { exec: self.exec, received: state.received });
                }
            }
            // Told at once: whoever types takes longer than any grace.
            let _parked = Parked::begin(self);
            self.input.notified().await;
        }
    }

    fn has_input(&self) -> bool {
        let state = lock(&self.state);
        !state.stdin.is_empty() || state.eof
    }
}

/// Gives way once, but comes back before the outbox is written: what is said then goes with what was.
async fn come_back() {
    let mut was_here = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut was_here, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// One wait that the server knows of. Waits of one program may overlap: only the first and the last are told.
struct Parked<'a>(&'a Pipes);

impl<'a> Parked<'a> {
    fn begin(pipes: &'a Pipes) -> Self {
        let mut state = lock(&pipes.state);
        state.parked += 1;
        if state.parked == 1 {
            pipes.outbox.push(&FromExecutor::Parked { exec: pipes.exec, parked: true });
        }
        Self(pipes)
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.parked -= 1;
        if state.parked == 0 {
            self.0.outbox.push(&FromExecutor::Parked { exec: self.0.exec, parked: false });
        }
    }
}

/// The program's stdin.
pub(super) struct Stdin(pub(super) Arc<Pipes>);
/// The program's stdout or stderr.
pub(super) struct Output(pub(super) Arc<Pipes>, pub(super) Pipe);

#[wasmtime_wasi::async_trait]
impl Pollable for Stdin {
    async fn ready(&mut self) {
        self.0.wait_for_input().await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for Stdin {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut state = lock(&self.0.state);
        if state.stdin.is_empty() {
            return if state.eof { Err(StreamError::Closed) } else { Ok(Bytes::new()) };
        }
        let length = size.min(TRANSFER).min(state.stdin.len());
        Ok(state.stdin.split_to(length).freeze())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        while self.0.room() == 0 {
            self.0.flush();
            self.0.park(self.0.credit.notified()).await;
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(self.1, &bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(self.0.room())
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncRead + Send + Sync> {
        // Only WASI 0.2 is linked, and that asks for `p2_stream`.
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Self(self.0.clone()))
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self(self.0.clone(), self.1))
    }
}
