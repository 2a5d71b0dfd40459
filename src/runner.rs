//! The one way in: a job becomes a run, a stream of events with exactly one end. The run goes through stages: it waits (`waiting`), is compiled and executed
//! (`executing`), judged (`judged`) or sent elsewhere (`away`), and tells what happens up to its end (`telling`). Called by every door; knows neither frames
//! nor sockets.

mod away;
mod capture;
mod duet;
mod executing;
mod harness;
mod harvest;
mod holding;
mod input;
mod judged;
mod judging;
mod lines;
mod order;
mod prepare;
mod signals;
mod telling;
mod waiting;

use crate::admission::{Admission, Entry, Permit, Place};
use crate::engine::{Engines, Readiness};
use crate::event::{Compiled, Event, FilesLeft, Saved, TestResult};
use crate::job::{Job, Owner};
use crate::judge::colour::Scan;
use crate::link::Layering;
use crate::metrics::{Metrics, Tally};
use crate::telemetry::{Phase, Telemetry, Trace};
use crate::toolchain::Kind;
use crate::workspace::{self, Entrance, Turn, Workspaces};
use away::Away;
use capture::Capture;
use executing::{Running, Step};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use harvest::Harvest;
use holding::Holdings;
pub use input::{Input, InputFault};
use judging::Judging;
use lines::Lines;
pub use signals::Signals;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use waiting::WaitingForLanguage;

/// Positions in the queue, and the progress of a preparation, are told at most this often.
const POSITION_INTERVAL: Duration = Duration::from_millis(250);
/// How much of a client's id is logged, in bytes.
const LOGGED_ID: usize = 64;
/// When to come back after a refusal.
pub const RETRY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Settings {
    pub capture_bytes: usize,
    pub stdin_bytes: u64,
    pub file_count: u32,
    /// Files and input of all runs together.
    pub held_bytes: u64,
    /// Tests of one run that may be under way at once.
    pub lanes: usize,
    /// How long a run waits for its way to a worker elsewhere.
    pub patience: Duration,
}

pub struct Runner {
    engines: Engines,
    admissions: Admissions,
    settings: Settings,
    workspaces: Arc<Workspaces>,
    telemetry: Telemetry,
    holdings: Arc<Holdings>,
    harvests: Arc<Semaphore>,
    /// Runs that wait for their language to be made ready.
    preparing: AtomicUsize,
    draining: AtomicBool,
    /// Numbers runs, for the log.
    accepted: AtomicU64,
}

/// One desk for each engine: what waits for a container must not hold up what a cell does in a millisecond.
pub struct Admissions {
    pub cells: Arc<Admission>,
    pub containers: Arc<Admission>,
}

impl Admissions {
    fn of(&self, job: &Job) -> &Arc<Admission> {
        match job.toolchain.kind {
            Kind::Wasm { .. } => &self.cells,
            Kind::Docker(_) => &self.containers,
        }
    }

    /// Runs that live and runs that wait.
    pub fn load(&self) -> (usize, usize) {
        let (cells, containers) = (self.cells.load(), self.containers.load());
        (cells.0 + containers.0, cells.1 + containers.1)
    }
}

/// Why a job was not accepted. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the server is busy: its queue is full, or it holds as many bytes as it may")]
    Busy,
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error(transparent)]
    Workspace(#[from] workspace::Fault),
    /// A gateway's way to its workers.
    #[error("{0}")]
    Away(String),
    #[error("`{language}` is not available: {why}")]
    Unavailable { language: String, why: String },
}

/// What comes of a run.
pub enum Piece {
    Event(Event),
    /// A piece of the files that the program left, packed.
    Left(Vec<u8>),
}

/// A job under way. Dropping it ends it.
pub struct Run {
    runner: Arc<Runner>,
    job: Arc<Job>,
    cancel: CancellationToken,
    input: Input,
    signals: Signals,
    tally: Tally,
    /// Marks what is logged as this run's.
    span: Span,
    trace: Trace,
    stage: Stage,
    accepted: Instant,
    queue_time: Duration,
    retried: bool,
    captures: [Capture; 2],
    /// What is searched for in its output.
    scan: Option<Scan>,
    /// Of a program that was started, where lines are asked for.
    lines: Option<[Lines; 2]>,
    /// When the run was said to have started.
    started: Option<Instant>,
    /// From there to the start of the program, which is what executors count from.
    offset: Duration,
    compiled: Option<Compiled>,
    /// Those that have ended, by their place in the job.
    tests: Vec<Option<Arc<TestResult>>>,
    sequence: u64,
    /// Its workspace, from its turn there to its end.
    turn: Option<Turn>,
    /// How the program gets its files where its cell keeps them.
    layering: Option<Layering>,
    harvest: Option<Harvest>,
    /// A piece of what the program left, for whoever wants it as it is.
    handed: Option<Vec<u8>>,
    on_parked: Option<Arc<dyn Fn(bool) + Send + Sync>>,
    files: Option<FilesLeft>,
    saved: Option<Saved>,
    /// Events that happened together.
    ready: VecDeque<Event>,
}

enum Stage {
    /// Others have its workspace.
    InLine(BoxFuture<'static, Turn>),
    /// It may go to the desk of its engine.
    Due,
    /// Its language is not ready yet. What was told of that last.
    Preparing {
        waiting: WaitingForLanguage,
        changes: watch::Receiver<u64>,
        told: Option<(String, f32)>,
    },
    Queued {
        place: Place,
        told: Option<(usize, Instant)>,
    },
    Starting(Permit),
    Running(Box<Running>),
    Judging(Box<Judging>),
    /// On a worker elsewhere.
    Away(Box<Away>),
    Over,
}

impl Runner {
    pub fn new(
        engines: Engines,
        admissions: Admissions,
        workspaces: Arc<Workspaces>,
        telemetry: Telemetry,
        settings: Settings,
    ) -> Arc<Self> {
        let holdings = Holdings::new(settings.held_bytes);
        let harvests = Arc::new(Semaphore::new(harvest::AT_ONCE));
        let (preparing, draining) = (AtomicUsize::new(0), AtomicBool::new(false));
        let accepted = AtomicU64::new(0);
        Arc::new(Self { engines, admissions, settings, workspaces, telemetry, holdings, harvests, preparing, draining, accepted })
    }

    pub fn workspaces(&self) -> &Arc<Workspaces> {
        &self.workspaces
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.engines.metrics
    }

    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    pub fn admissions(&self) -> &Admissions {
        &self.admissions
    }

    /// From now on nothing new is accepted.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub fn start(self: &Arc<Self>, job: Job, cancel: CancellationToken) -> Result<Run, Refused> {
        if self.is_draining() {
            return Err(Refused::ShuttingDown);
        }
        if let Some(why) = self.engines.gateway.as_ref().and_then(|gateway| gateway.why_not()) {
            return Err(Refused::Away(why));
        }
        let unavailable = |why| Refused::Unavailable { language: job.toolchain.name.clone(), why };
        let is_ready = match self.engines.readiness_for(&job) {
            Readiness::Ready => true,
            Readiness::Preparing { .. } => false,
            Readiness::Unavailable(why) => return Err(unavailable(why)),
        };
        let holding = self.holdings.take(job.held_bytes()).ok_or(Refused::Busy)?;
        let stage = match &job.workspace {
            Some(workspace) => {
                let entrance = self.workspaces.enter(&job.owner, &workspace.name, &cancel)?;
                Stage::InLine(Entrance::turn(entrance).boxed())
            }
            None => self.first_stage(&job, is_ready).ok_or(Refused::Busy)?,
        };
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let trace = self.telemetry.trace(number, &job);
        Ok(Run {
            input: Input::new(job.interactive, self.settings.stdin_bytes.saturating_sub(job.stdin.len() as u64), holding),
            captures: Capture::both(self.settings.capture_bytes),
            signals: Signals::new(cancel.clone()),
            scan: None,
            lines: None,
            tally: self.metrics().run(&job.toolchain.name),
            span: span(number, &job, &trace),
            trace,
            runner: self.clone(),
            tests: vec![None; job.tests.as_ref().map_or(0, |tests| tests.cases.len())],
            job: Arc::new(job),
            cancel,
            stage,
            accepted: Instant::now(),
            queue_time: Duration::ZERO,
            started: None,
            offset: Duration::ZERO,
            compiled: None,
            retried: false,
            sequence: 0,
            turn: None,
            layering: None,
            harvest: None,
            handed: None,
            on_parked: None,
            files: None,
            saved: None,
            ready: VecDeque::new(),
        })
    }

    /// None where there is no room at all.
    fn first_stage(self: &Arc<Self>, job: &Job, is_ready: bool) -> Option<Stage> {
        if is_ready {
            return Stage::of(self.admissions.of(job).enter(&job.client, job.priority));
        }
        let waiting = WaitingForLanguage::begin(self, job)?;
        self.engines.want(job);
        // The stage looks again before it waits: what changes in between is not missed.
        Some(Stage::Preparing { waiting, changes: self.engines.changes(), told: None })
    }
}

/// At the highest level, or lines of that level would not say whose they are.
fn span(run: u64, job: &Job, trace: &Trace) -> Span {
    use tracing::field::Empty;
    let id = &job.id[..job.id.floor_char_boundary(LOGGED_ID)];
    let language = job.toolchain.name.as_str();
    let span = tracing::error_span!("run", run, id, language, connection = Empty, client = Empty, trace = Empty);
    match &job.owner {
        Owner::Connection(number) => drop(span.record("connection", number)),
        Owner::Token(name) => drop(span.record("client", &**name)),
        Owner::Shell | Owner::Bearer | Owner::Nobody => {}
    }
    if let Some(trace) = trace.id() {
        span.record("trace", trace);
    }
    span
}

impl Stage {
    fn phase(&self) -> Option<Phase> {
        Some(match self {
            Self::InLine(_) | Self::Due | Self::Queued { .. } => Phase::Queue,
            Self::Preparing { .. } | Self::Starting(_) => Phase::Prepare,
            Self::Running(running) if matches!(running.step, Step::Compile { .. }) => Phase::Prepare,
            Self::Running(_) | Self::Away(_) => Phase::Execute,
            Self::Judging(_) => Phase::Judge,
            Self::Over => return None,
        })
    }

    /// None where there is no room at all.
    fn of(entry: Entry) -> Option<Self> {
        match entry {
            Entry::Admitted(permit) => Some(Self::Starting(permit)),
            Entry::Queued(place) => Some(Self::Queued { place, told: None }),
            Entry::Full => None,
        }
    }
}

impl Run {
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The way for more input.
    pub fn input(&self) -> Input {
        self.input.clone()
    }

    /// The way for signals.
    pub fn signals(&self) -> Signals {
        self.signals.clone()
    }

    /// What happens next; None after the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Piece::Event(event) = self.next_piece().await? {
                return Some(event);
            }
        }
    }

    /// The same, with the files that the program left where the job wants them handed on.
    pub async fn next_piece(&mut self) -> Option<Piece> {
        let span = self.span.clone();
        self.advance().instrument(span).await
    }

    /// From its first step on, `told` hears when the program begins to wait for something (true) and when it goes on.
    pub fn on_parked(&mut self, told: Arc<dyn Fn(bool) + Send + Sync>) {
        self.on_parked = Some(told);
    }

    async fn advance(&mut self) -> Option<Piece> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Piece::Event(event));
            }
            if let Some(bytes) = self.handed.take() {
                return Some(Piece::Left(bytes));
            }
            if let Some(phase) = self.stage.phase() {
                self.trace.enter(phase);
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::InLine(turn) => self.wait_for_turn(turn).await,
                Stage::Due => self.come_to_the_desk().await,
                Stage::Preparing { waiting, changes, told } => self.wait_for_language(waiting, changes, told).await,
                Stage::Queued { place, told } => self.wait_for_place(place, told).await,
                Stage::Starting(permit) => self.begin(permit).await,
                Stage::Running(running) => self.attend(running).await,
                Stage::Judging(judging) => self.hear(judging).await,
                Stage::Away(away) => self.attend_away(away).await,
                Stage::Over => return None,
            }
        }
    }
}
