//! The wasm engine: a pool of cells, one worker process for each core, because sandboxes of one process share an
//! address space and its page faults. Starts cells, gives executions to the one with the least to do, starts lost
//! ones again. Called through `engine::Engines`.

mod flatten;
pub mod guests;
pub(crate) mod native;

use super::{Changes, Fault, Readiness};
use crate::link::{Execution, OnParked, Order, Session, Wall, Work};
use crate::lock::lock;
use crate::metrics::Metrics;
use guests::Native;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A cell that does not get ready in this time is killed and started again.
const START: Duration = Duration::from_secs(30);
/// Between a cell's loss and its next start, so that one that can't start does not keep the machine busy.
const PAUSE: Duration = Duration::from_millis(100);
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// How long an order waits for a cell when all are being started again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest line of a cell's stderr that is kept.
const LINE: usize = 2000;

#[derive(Clone, Debug)]
pub struct Settings {
    pub cells: usize,
    pub slots: u32,
    pub budget_mb: u64,
    pub require_wall: bool,
    /// Cells run an empty program before they take orders.
    pub warm: bool,
}

pub struct Wasm {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    /// What each toolchain is, by name.
    guests: Mutex<BTreeMap<String, Guest>>,
    cells: Mutex<Vec<Cell>>,
    /// Changes whenever a cell gets ready or is lost, and with each step of a preparation.
    changes: Changes,
    /// Which of several equal cells is asked first.
    turn: AtomicUsize,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    wall: Mutex<Option<Wall>>,
    starter: Starter,
}

impl Shared {
    fn has_changed(&self) {
        self.changes.tell();
    }
}

enum Guest {
    Preparing { what: String, share: f32 },
    Failed(String),
    Ready(Native),
}

/// A cell that takes orders.
struct Cell {
    /// What it was started with.
    guests: Vec<String>,
    session: Session,
    process: u32,
    /// New orders go elsewhere; it ends when it has nothing to do.
    retire: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    #[error("can't start a cell: {0}")]
    Process(#[from] std::io::Error),
    #[error(
        "the second wall is not whole on this machine ({0:?})\nhint: Linux 5.13 or later with seccomp and Landlock has it; leave out `require_hardening` to run without"
    )]
    Wall(Wall),
    #[error("a cell was not ready within {} s", START.as_secs())]
    Slow,
    #[error("a cell ended while starting: {0}")]
    Ended(String),
}

impl Wasm {
    pub fn new(settings: Settings, toolchains: impl IntoIterator<Item = String>, changes: Changes, metrics: Arc<Metrics>) -> Self {
        let guests =
            toolchains.into_iter().map(|name| (name, Guest::Preparing { what: "waiting to be prepared".to_owned(), share: 0.0 })).collect();
        let shared = Shared {
            settings,
            guests: Mutex::new(guests),
            cells: Mutex::default(),
            changes,
            turn: AtomicUsize::default(),
            metrics,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            wall: Mutex::default(),
            starter: Starter::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A toolchain was prepared, or could not be. Takes effect with the next `start_cells`.
    pub fn set_guest(&self, name: &str, native: Result<Native, String>) {
        let guest = native.map_or_else(Guest::Failed, Guest::Ready);
        lock(&self.shared.guests).insert(name.to_owned(), guest);
        self.shared.has_changed();
    }

    /// How far a toolchain's preparation is.
    pub fn set_progress(&self, name: &str, what: &str, share: f32) {
        lock(&self.shared.guests).insert(name.to_owned(), Guest::Preparing { what: what.to_owned(), share });
        self.shared.has_changed();
    }

    pub fn readiness(&self, name: &str) -> Readiness {
        match lock(&self.shared.guests).get(name) {
            None => Readiness::Unavailable("it is not a wasm toolchain".to_owned()),
            Some(Guest::Preparing { what, share }) => Readiness::Preparing { what: what.clone(), share: *share },
            Some(Guest::Failed(why)) => Readiness::Unavailable(why.clone()),
            Some(Guest::Ready(_)) => Readiness::Ready,
        }
    }

    /// Starts a cell for each core with all guests that are ready, and returns when the first takes orders. Cells
    /// that run already are replaced: they end what they have and then themselves.
    pub async fn start_cells(&self) -> Result<(), StartFault> {
        for cell in lock(&self.shared.cells).drain(..) {
            cell.retire.cancel();
        }
        let (first, mut ready) = tokio::sync::mpsc::channel(self.shared.settings.cells);
        for number in 0..self.shared.settings.cells {
            self.shared.tasks.spawn(keep(self.shared.clone(), number, first.clone()));
        }
        drop(first);
        ready.recv().await.unwrap_or(Ok(()))
    }

    /// What stands around the cells; None before the first was started.
    pub fn wall(&self) -> Option<Wall> {
        *lock(&self.shared.wall)
    }

    /// Processes of the cells that take orders.
    pub fn processes(&self) -> Vec<u32> {
        lock(&self.shared.cells).iter().map(|cell| cell.process).collect()
    }

    /// Executions that live in cells.
    pub fn live(&self) -> usize {
        lock(&self.shared.cells).iter().map(|cell| cell.session.live()).sum()
    }

    pub async fn execute(&self, order: &Order, parked: OnParked) -> Result<Execution, Fault> {
        let guest = self.ready_guest(order)?;
        let session = match order.layer.as_ref().and_then(|layer| layer.cell.as_ref()) {
            Some(cell) => cell.clone(),
            None => self.idlest(&[guest]).await?,
        };
        session.execute(order, parked).await.map_err(|lost| Fault::Lost(lost.to_string()))
    }

    /// Two programs that talk to each other, in one cell.
    pub async fn execute_crossed(&self, one: (&Order, OnParked), other: (&Order, OnParked)) -> Result<(Execution, Execution), Fault> {
        let session = self.idlest(&[self.ready_guest(one.0)?, self.ready_guest(other.0)?]).await?;
        session.execute_crossed(one, other).await.map_err(|lost| Fault::Lost(lost.to_string()))
    }

    fn ready_guest<'a>(&self, order: &'a Order) -> Result<&'a str, Fault> {
        let Work::Guest { guest, .. } = &order.work else {
            return Err(Fault::Unavailable("a cell runs guests only".to_owned()));
        };
        match self.readiness(guest) {
            Readiness::Ready => Ok(guest),
            Readiness::Preparing { .. } => Err(Fault::Unavailable("it is being prepared".to_owned())),
            Readiness::Unavailable(why) => Err(Fault::Unavailable(why)),
        }
    }

    /// The cell with the fewest executions of those that have the guests; waits a while where all are being started.
    async fn idlest(&self, guests: &[&str]) -> Result<Session, Fault> {
        if let Some(session) = self.idlest_now(guests) {
            return Ok(session);
        }
        let mut changed = self.shared.changes.subscribe();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(session) = self.idlest_now(guests) {
                return Ok(session);
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return Err(Fault::Lost("no cell could be started".to_owned()));
            }
        }
    }

    /// Of several equals one after the other: the one that ran last still tears down, and makes a sandbox for the next.
    fn idlest_now(&self, guests: &[&str]) -> Option<Session> {
        let cells = lock(&self.shared.cells);
        let with_guests = |cell: &&Cell| guests.iter().all(|guest| cell.guests.iter().any(|name| name == guest));
        let turn = self.shared.turn.fetch_add(1, Ordering::Relaxed) % cells.len().max(1);
        let (before, after) = cells.split_at(turn);
        let in_turn = after.iter().chain(before).filter(with_guests);
        in_turn.min_by_key(|cell| cell.session.live()).map(|cell| cell.session.clone())
    }

    /// Ends all cells and waits for them.
    pub async fn shut_down(&self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

type Started = tokio::sync::mpsc::Sender<Result<(), StartFault>>;

/// Keeps one cell alive until it is retired or the server ends. Tells `first` how the first start went.
async fn keep(shared: Arc<Shared>, number: usize, first: Started) {
    let mut first = Some(first);
    let retire = CancellationToken::new();
    loop {
        let ended = run(&shared, number, &retire, &mut first).await;
        shared.has_changed();
        if retire.is_cancelled() || shared.shutdown.is_cancelled() {
            return;
        }
        let pause = match ended {
            Ok(()) => PAUSE,
            Err(fault) => {
                tracing::error!(cell = number, "{fault}");
                // Whoever starts a server wants to know; it decides. Nobody listens any more once another cell is there.
                if first.take().is_some_and(|first| first.try_send(Err(fault)).is_ok()) {
                    return;
                }
                LONG_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.shutdown.cancelled() => return,
        }
        shared.metrics.cell_restarts.inc();
    }
}

/// One life of one cell: start, serve, end.
async fn run(shared: &Arc<Shared>, number: usize, retire: &CancellationToken, first: &mut Option<Started>) -> Result<(), StartFault> {
    let (mut child, socket, guests) = start(shared).await?;
    let process = child.id().unwrap_or(0);
    if let Some(stderr) = child.stderr.take() {
        shared.tasks.spawn(log_lines(number, stderr));
    }
    let (reading, writing) = socket.into_split();
    let session = Session::new();
    // Closed whichever way this function is left: its executions must never wait for a cell that is gone.
    let _close = Close { shared: shared.clone(), session: session.clone() };
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let ready = Mutex::new(Some(ready));
    let announce = |wall| {
        if let Some(ready) = lock(&ready).take() {
            let _ = ready.send(wall);
        }
    };
    let serve = async {
        tokio::select! {
            lost = session.read(reading, announce) => lost,
            lost = session.write(writing) => lost,
        }
    };
    let attend = async {
        let wall = match tokio::time::timeout(START, is_ready).await {
            Err(_) => return Err(StartFault::Slow),
            Ok(Err(_)) => return std::future::pending().await,
            Ok(Ok(wall)) => wall,
        };
        *lock(&shared.wall) = Some(wall);
        if shared.settings.require_wall && !wall.is_whole() {
            return Err(StartFault::Wall(wall));
        }
        lock(&shared.cells).push(Cell { guests, session: session.clone(), process, retire: retire.clone() });
        shared.has_changed();
        if let Some(first) = first.take() {
            let _ = first.try_send(Ok(()));
        }
        retire.cancelled().await;
        while session.live() > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    };
    let lost = tokio::select! {
        attended = attend => {
            child.kill().await?;
            return attended;
        }
        () = shared.shutdown.cancelled() => {
            child.kill().await?;
            return Ok(());
        }
        lost = serve => lost,
    };
    // A cell that broke the link's rules may still be there.
    child.start_kill()?;
    let status = child.wait().await?;
    if first.is_some() {
        return Err(StartFault::Ended(status.to_string()));
    }
    tracing::warn!(cell = number, process, %status, "lost a cell: {lost}");
    Ok(())
}

struct Close {
    shared: Arc<Shared>,
    session: Session,
}

impl Drop for Close {
    fn drop(&mut self) {
        lock(&self.shared.cells).retain(|cell| !cell.session.is(&self.session));
        self.session.close();
    }
}

/// A thread that starts cells and lives as long as the engine. The kernel ends a cell with the thread that started it, not
/// with the process, and the runtime's threads come and go: one that was held up by a large frame goes 10 s later.
struct Starter(std::sync::mpsc::SyncSender<ToStart>);

/// Cells that wait to be started: as many as there may be, and as many again that take their place.
const STARTS: usize = 512;

type ToStart = (Command, tokio::runtime::Handle, tokio::sync::oneshot::Sender<std::io::Result<Child>>);

impl Starter {
    fn new() -> Self {
        let (orders, to_start) = std::sync::mpsc::sync_channel::<ToStart>(STARTS);
        std::thread::spawn(move || {
            for (mut command, runtime, started) in to_start {
                let _runtime = runtime.enter();
                // Nobody waits any more: the child is killed as it is dropped.
                let _ = started.send(command.spawn());
            }
        });
        Self(orders)
    }

    async fn spawn(&self, command: Command) -> std::io::Result<Child> {
        let (started, child) = tokio::sync::oneshot::channel();
        let gone = || std::io::Error::other("the thread that starts cells takes no more");
        self.0.try_send((command, tokio::runtime::Handle::current(), started)).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}

/// Starts the process: an empty environment, the link on descriptor 0, its words on stderr.
async fn start(shared: &Shared) -> Result<(Child, tokio::net::UnixStream, Vec<String>), StartFault> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = Command::new(own_binary());
    command.arg("cell").arg("--slots").arg(shared.settings.slots.to_string());
    command.arg("--budget-mb").arg(shared.settings.budget_mb.to_string());
    let mut guests = Vec::new();
    for (name, guest) in &*lock(&shared.guests) {
        if let Guest::Ready(native) = guest {
            guests.push(name.clone());
            let mut argument = std::ffi::OsString::from(format!("--guest={name}="));
            argument.push(&native.epochs);
            argument.push("=");
            argument.push(&native.fuel);
            command.arg(argument);
        }
    }
    let theirs: OwnedFd = theirs.into();
    if shared.settings.warm {
        command.arg("--warm");
    }
    // A terminal's Ctrl-C reaches a whole group: the server alone is to hear it, and to end its cells in order.
    command.process_group(0);
    command.env_clear().stdin(theirs).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = shared.starter.spawn(command).await?;
    Ok((child, tokio::net::UnixStream::from_std(ours)?, guests))
}

/// This program, even where its file was replaced since it was started.
pub(crate) fn own_binary() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// What a cell says goes to our log, bounded: it may be in a bad way.
async fn log_lines(number: usize, stderr: impl tokio::io::AsyncRead + Unpin) {
    let mut lines = BufReader::new(tokio::io::AsyncReadExt::take(stderr, 1 << 20)).lines();
    while let Ok(Some(mut line)) = lines.next_line().await {
        line.truncate(line.floor_char_boundary(LINE));
        tracing::warn!(cell = number, "{line}");
    }
}
