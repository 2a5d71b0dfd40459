//! The server's end of one link: starts executions on it and hands what happens to whoever started them. One
//! reading and one writing half, driven by the task that owns the executor (`engine::wasm`, `engine::docker`).
//! Whatever comes from the other side is hostile: it may not make this side grow, wait or panic.

use crate::event::Pipe;
use crate::job::{JobFile, Place, Placing};
use crate::judge::Facts;
use crate::lock::lock;
use bytes::Bytes;
pub use runnel_link::{
    About, Bounds, ExecId, Fault, FromExecutor, Harvest, LEAST_COST, LayerId, MAX_FRAME, OpenOrder, PIECE, Placed, Seeds, Signal, Task,
    ToExecutor, WINDOW, Wall, cost, decode, encode, is_within, packed, split,
};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// Orders wait while more than this is on its way to the executor.
const OUTGOING_HIGH: usize = 4 << 20;
/// What an executor may have on its way for one execution before it counts as broken: a sound one stays near its
/// window, a frame that was begun within it goes out whole.
const TOLERANCE: u32 = 4 * WINDOW;
/// Happenings that may wait for their reader: that much in the smallest frames, and the few that cost nothing.
const INBOX: usize = (TOLERANCE / LEAST_COST) as usize + 16;

/// All that an executor needs for one execution.
#[derive(Clone)]
pub struct Order {
    pub work: Work,
    pub files: Arc<Vec<JobFile>>,
    pub places: Arc<Vec<Place>>,
    pub layer: Option<Layering>,
    pub harvest: Option<Wanted>,
    pub env: Vec<(String, String)>,
    pub stdin: Bytes,
    pub stdin_open: bool,
    pub bounds: Bounds,
    /// What an earlier container compiled for this program.
    pub product: Option<Bytes>,
}

/// Files that a cell keeps from one execution to the next.
#[derive(Clone, Default)]
pub struct Layering {
    /// The cell that has the base.
    pub cell: Option<Session>,
    /// What is there already, and what of that is not to be there any more.
    pub base: Option<(LayerId, Vec<String>)>,
    pub keep: Option<LayerId>,
}

/// `Harvest`, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    Named(Vec<String>),
}

/// `Task`, owned.
#[derive(Clone)]
pub enum Work {
    Guest { guest: String, main: String, args: Vec<String>, deterministic: Option<Seeds> },
    Compile { argv: Vec<String> },
    Command { argv: Vec<String>, terminal: bool },
    Pack,
}

#[derive(Debug)]
pub enum Happening {
    Started,
    Output {
        pipe: Pipe,
        at: Duration,
        bytes: Vec<u8>,
    },
    /// A piece of the files that the program left, packed.
    Left(Vec<u8>),
    /// After so many bytes of input.
    Waiting(u64),
    Ended(Facts),
    /// The executor is gone; nothing more is known.
    Lost,
}

/// Told when the program begins to wait for a while (true) and when it goes on (false).
pub type OnParked = Box<dyn Fn(bool) + Send + Sync>;

#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    outgoing: Mutex<Vec<u8>>,
    /// There is something to write, or nobody will write any more.
    wake: Notify,
    /// There is room again.
    drained: Notify,
    live: Mutex<Live>,
    next: AtomicU32,
}

#[derive(Default)]
struct Live {
    executions: HashMap<ExecId, Arc<Inbox>>,
    closed: bool,
}

struct Inbox {
    queue: Mutex<Queue>,
    arrived: Notify,
    parked: OnParked,
}

#[derive(Default)]
struct Queue {
    happenings: VecDeque<Happening>,
    /// Of the window, taken by output that the reader has not had yet or has not returned.
    taken: u32,
}

/// A running execution. Dropping it kills the program.
pub struct Execution {
    id: ExecId,
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    /// Output that was handed out and whose window is given back with the next call.
    owed: u32,
    ended: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error("the link was closed")]
    Closed,
    #[error("the link failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the executor sent {0}")]
    Frame(#[from] Fault),
    #[error("the executor sent more than its window")]
    Window,
}

impl Session {
    pub fn new() -> Self {
        let shared = Shared {
            outgoing: Mutex::default(),
            wake: Notify::new(),
            drained: Notify::new(),
            live: Mutex::default(),
            next: AtomicU32::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whether both are the same link.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Whether the other side is gone.
    pub fn is_closed(&self) -> bool {
        lock(&self.shared.live).closed
    }

    /// How many executions are on this link.
    pub fn live(&self) -> usize {
        lock(&self.shared.live).executions.len()
    }

    /// Sends an order. Waits while the executor has too much to read; otherwise one write carries all of it.
    pub async fn execute(&self, order: &Order, parked: OnParked) -> Result<Execution, Lost> {
        let execution = self.open(order, parked).await?;
        execution.start().await;
        Ok(execution)
    }

    /// Sends two orders whose programs talk to each other.
    pub async fn execute_crossed(&self, one: (&Order, OnParked), other: (&Order, OnParked)) -> Result<(Execution, Execution), Lost> {
        let (one, other) = (self.open(one.0, one.1).await?, self.open(other.0, other.1).await?);
        self.shared.push(&ToExecutor::Cross { exec: one.id, with: other.id }).await;
        one.start().await;
        other.start().await;
        Ok((one, other))
    }

    /// All of an order but its start.
    async fn open(&self, order: &Order, parked: OnParked) -> Result<Execution, Lost> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let inbox = Arc::new(Inbox { queue: Mutex::default(), arrived: Notify::new(), parked });
        {
            let mut live = lock(&self.shared.live);
            if live.closed {
                return Err(Lost::Closed);
            }
            live.executions.insert(id, inbox.clone());
        }
        let execution = Execution { id, shared: self.shared.clone(), inbox, owed: 0, ended: false };
        self.shared.push(&ToExecutor::Open { exec: id, order: order.head() }).await;
        let removed = order.layer.iter().filter_map(|layer| layer.base.as_ref()).flat_map(|(_, removed)| removed);
        for path in removed {
            self.shared.push(&ToExecutor::Remove { exec: id, path }).await;
        }
        for JobFile { path, content, about } in order.files.iter() {
            let (path, about) = (path.as_str(), *about);
            // An empty file is one empty piece.
            let mut rest = &content[..];
            loop {
                let (piece, more) = rest.split_at(rest.len().min(PIECE));
                self.shared.push(&ToExecutor::File { exec: id, path, about, bytes: piece }).await;
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
        }
        for Place { path, what } in order.places.iter() {
            let what = match what {
                Placing::Folder => Placed::Folder,
                Placing::Link(target) => Placed::Link { target },
            };
            self.shared.push(&ToExecutor::Place { exec: id, path: path.as_str(), what }).await;
        }
        for piece in order.product.iter().flat_map(|product| product.chunks(PIECE)) {
            self.shared.push(&ToExecutor::Product { exec: id, bytes: piece }).await;
        }
        execution.stdin(&order.stdin, !order.stdin_open).await;
        Ok(execution)
    }

    /// Writes what is to be sent until the link fails or `close` is called.
    pub async fn write(&self, mut link: impl AsyncWrite + Unpin) -> Lost {
        let mut writing = Vec::new();
        loop {
            std::mem::swap(&mut *lock(&self.shared.outgoing), &mut writing);
            if writing.is_empty() {
                if lock(&self.shared.live).closed {
                    return Lost::Closed;
                }
                self.shared.wake.notified().await;
                continue;
            }
            self.shared.drained.notify_waiters();
            if let Err(fault) = link.write_all(&writing).await {
                return fault.into();
            }
            writing.clear();
            writing.shrink_to(PIECE);
        }
    }

    /// Reads until the link ends. `ready` is told what stands around the executor.
    pub async fn read(&self, mut link: impl AsyncRead + Unpin, ready: impl Fn(Wall)) -> Lost {
        let mut buffer = Vec::with_capacity(PIECE);
        loop {
            match link.read_buf(&mut buffer).await {
                Ok(0) => return Lost::Closed,
                Ok(_) => {}
                Err(fault) => return fault.into(),
            }
            match self.dispatch_all(&buffer, &ready) {
                Ok(used) => drop(buffer.drain(..used)),
                Err(lost) => return lost,
            }
            debug_assert!(buffer.len() <= MAX_FRAME + 4, "a partial frame only");
        }
    }

    fn dispatch_all(&self, buffer: &[u8], ready: &impl Fn(Wall)) -> Result<usize, Lost> {
        let mut rest = buffer;
        while let Some((body, more)) = split(rest)? {
            self.dispatch(decode(body)?, ready)?;
            rest = more;
        }
        Ok(buffer.len() - rest.len())
    }

    fn dispatch(&self, frame: FromExecutor<'_>, ready: &impl Fn(Wall)) -> Result<(), Lost> {
        let (exec, happening) = match frame {
            FromExecutor::Ready { wall } => {
                ready(wall);
                return Ok(());
            }
            FromExecutor::Parked { exec, parked } => {
                let inbox = lock(&self.shared.live).executions.get(&exec).cloned();
                // Not under the lock: others may be let in by it.
                if let Some(inbox) = inbox {
                    (inbox.parked)(parked);
                }
                return Ok(());
            }
            FromExecutor::Started { exec } => (exec, Happening::Started),
            FromExecutor::Output { exec, pipe, at, bytes } => (exec, Happening::Output { pipe, at, bytes: bytes.to_vec() }),
            FromExecutor::Left { exec, bytes } => (exec, Happening::Left(bytes.to_vec())),
            FromExecutor::Waiting { exec, received } => (exec, Happening::Waiting(received)),
            FromExecutor::Ended { exec, facts } => {
                let inbox = lock(&self.shared.live).executions.remove(&exec);
                return inbox.map_or(Ok(()), |inbox| inbox.push(Happening::Ended(facts)));
            }
        };
        // What comes for an execution that was dropped here is late, not wrong.
        let inbox = lock(&self.shared.live).executions.get(&exec).cloned();
        inbox.map_or(Ok(()), |inbox| inbox.push(happening))
    }

    /// Nobody needs these files any more.
    pub fn forget(&self, layer: LayerId) {
        self.shared.push_now(&ToExecutor::Forget { layer });
    }

    /// Ends the session: every execution on it is lost.
    pub fn close(&self) {
        let executions = {
            let mut live = lock(&self.shared.live);
            live.closed = true;
            std::mem::take(&mut live.executions)
        };
        for inbox in executions.into_values() {
            inbox.lose();
        }
        self.shared.wake.notify_one();
        self.shared.drained.notify_waiters();
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    /// Queues a frame that may wait: part of an order, or input.
    async fn push(&self, frame: &ToExecutor<'_>) {
        loop {
            let drained = self.drained.notified();
            {
                let mut outgoing = lock(&self.outgoing);
                if outgoing.len() < OUTGOING_HIGH || lock(&self.live).closed {
                    encode(frame, &mut outgoing);
                    return;
                }
            }
            self.wake.notify_one();
            drained.await;
        }
    }

    /// Queues a small frame that must not wait; there are at most a few of them for each live execution.
    fn push_now(&self, frame: &ToExecutor<'_>) {
        encode(frame, &mut lock(&self.outgoing));
        self.wake.notify_one();
    }
}

impl Order {
    fn head(&self) -> OpenOrder<'_> {
        OpenOrder {
            task: self.work.task(),
            env: self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            bounds: self.bounds,
            base: self.layer.as_ref().and_then(|layer| layer.base.as_ref()).map(|(base, _)| *base),
            keep: self.layer.as_ref().and_then(|layer| layer.keep),
            harvest: self.harvest.as_ref().map(Wanted::on_the_link),
        }
    }
}

impl Wanted {
    fn on_the_link(&self) -> Harvest<'_> {
        match self {
            Self::All => Harvest::All,
            Self::Named(paths) => Harvest::Named(paths.iter().map(String::as_str).collect()),
        }
    }
}

impl Work {
    fn task(&self) -> Task<'_> {
        fn words(all: &[String]) -> Vec<&str> {
            all.iter().map(String::as_str).collect()
        }
        match self {
            Self::Guest { guest, main, args, deterministic } => {
                Task::Guest { guest, main, args: words(args), deterministic: *deterministic }
            }
            Self::Compile { argv } => Task::Compile { argv: words(argv) },
            Self::Command { argv, terminal } => Task::Command { argv: words(argv), terminal: *terminal },
            Self::Pack => Task::Pack,
        }
    }
}

impl Inbox {
    fn push(&self, happening: Happening) -> Result<(), Lost> {
        let mut queue = lock(&self.queue);
        if let Happening::Output { bytes, .. } | Happening::Left(bytes) = &happening {
            queue.taken = queue.taken.saturating_add(cost(bytes.len()));
        }
        // The last of several waiting notices says it all: the executor sends one for each piece of input, whose number
        // is the client's choice.
        if let (Happening::Waiting(received), Some(Happening::Waiting(earlier))) = (&happening, queue.happenings.back_mut()) {
            *earlier = *received;
            return Ok(());
        }
        if queue.taken > TOLERANCE || queue.happenings.len() >= INBOX {
            return Err(Lost::Window);
        }
        queue.happenings.push_back(happening);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    fn lose(&self) {
        lock(&self.queue).happenings.push_back(Happening::Lost);
        self.arrived.notify_one();
    }
}

impl Execution {
    /// The next thing that happens; after `Ended` or `Lost` there is nothing more to ask for. Calling it again says
    /// that what the call before gave has been passed on. Cancel safe.
    pub async fn next(&mut self) -> Happening {
        self.give_back();
        loop {
            if let Some(happening) = lock(&self.inbox.queue).happenings.pop_front() {
                match &happening {
                    Happening::Output { bytes, .. } | Happening::Left(bytes) => self.owed += cost(bytes.len()),
                    Happening::Ended(_) | Happening::Lost => self.ended = true,
                    Happening::Started | Happening::Waiting(_) => {}
                }
                return happening;
            }
            self.inbox.arrived.notified().await;
        }
    }

    fn give_back(&mut self) {
        // Not for every frame: with less than that outstanding a program is never held up.
        if self.owed >= WINDOW / 4 {
            let bytes = std::mem::take(&mut self.owed);
            {
                let mut queue = lock(&self.inbox.queue);
                queue.taken = queue.taken.saturating_sub(bytes);
            }
            self.shared.push_now(&ToExecutor::Credit { exec: self.id, bytes });
        }
    }

    async fn start(&self) {
        self.shared.push(&ToExecutor::Start { exec: self.id }).await;
        self.shared.wake.notify_one();
    }

    /// More input; `eof` ends it.
    pub async fn stdin(&self, bytes: &[u8], eof: bool) {
        send_stdin(&self.shared, self.id, bytes, eof).await;
    }

    /// The link that it is on.
    pub fn session(&self) -> Session {
        Session { shared: self.shared.clone() }
    }

    /// For the program, where it is one that can be sent any.
    pub async fn signal(&self, signal: Signal) {
        self.shared.push(&ToExecutor::Signal { exec: self.id, signal }).await;
        self.shared.wake.notify_one();
    }

    pub fn kill(&self) {
        self.shared.push_now(&ToExecutor::Kill { exec: self.id });
    }
}

async fn send_stdin(shared: &Shared, exec: ExecId, bytes: &[u8], eof: bool) {
    let mut rest = bytes;
    while rest.len() > PIECE {
        let (piece, more) = rest.split_at(PIECE);
        shared.push(&ToExecutor::Stdin { exec, bytes: piece, eof: false }).await;
        rest = more;
    }
    if !rest.is_empty() || eof {
        shared.push(&ToExecutor::Stdin { exec, bytes: rest, eof }).await;
    }
    shared.wake.notify_one();
}

impl Drop for Execution {
    fn drop(&mut self) {
        lock(&self.shared.live).executions.remove(&self.id);
        if !self.ended {
            self.kill();
        }
    }
}
