//! The one way in: a job becomes a run, a stream of events with exactly one end. Waits for a place, has it compiled
//! where that is due, orders its execution, watches it, judges. Called by every door; knows neither frames nor
//! sockets.

mod away;
mod capture;
mod duet;
mod harness;
mod harvest;
mod holding;
mod input;
mod judging;
mod lines;
mod order;
mod prepare;
mod signals;

use crate::admission::{Admission, Entry, Permit, Place};
use crate::engine::docker::Key;
use crate::engine::{Engines, Fault, Readiness, Room};
use crate::event::{Compiled, Event, FilesLeft, Line, Outcome, Pipe, Saved, TestResult, Text};
use crate::job::{Case, Handed, Job, JobFile, Owner, Stream};
use crate::judge::colour::{self, Matches, Scan};
use crate::judge::test::TestStatus;
use crate::judge::{self, End, Facts, Stop, Verdict};
use crate::link::{Execution, Happening, Layering, Order, Session, Wanted};
use crate::metrics::{Metrics, Tally};
use crate::telemetry::{Phase, Telemetry, Trace};
use crate::toolchain::Kind;
use crate::workspace::{self, Begun, Entrance, Turn, Workspaces};
use away::Away;
use bytes::Bytes;
use capture::Capture;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use harvest::Harvest;
use holding::Holdings;
pub use input::{Input, InputFault};
use judging::{Judging, News};
use lines::Lines;
use prepare::{FirstStep, Made, Prepared};
pub use signals::Signals;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

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

/// An execution under way, and where.
struct Running {
    permit: Permit,
    prepared: Prepared,
    execution: Execution,
    killed: Option<Instant>,
    step: Step,
}

enum Step {
    /// What the compiler has said so far.
    Compile {
        key: Key,
        begun: Instant,
        said: Capture,
    },
    Program,
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

/// Counts a run that waits for its language; as many may as have room in the queue.
struct WaitingForLanguage(Arc<Runner>);

impl WaitingForLanguage {
    fn begin(runner: &Arc<Runner>, job: &Job) -> Option<Self> {
        let most = runner.admissions.of(job).bounds().queue;
        let fits = |count| (count < most).then_some(count + 1);
        runner.preparing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        Some(Self(runner.clone()))
    }
}

impl Drop for WaitingForLanguage {
    fn drop(&mut self) {
        self.0.preparing.fetch_sub(1, Ordering::Relaxed);
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

    async fn wait_for_turn(&mut self, turn: BoxFuture<'static, Turn>) {
        let mut turn = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return self.end(End::Stopped(Stop::Cancelled)),
            turn = turn => turn,
        };
        let in_cell =
            matches!(self.job.toolchain.kind, Kind::Wasm { .. }) && !self.job.is_judged() && self.runner.engines.gateway.is_none();
        let removed = self.job.workspace.as_ref().map_or(&[][..], |workspace| &workspace.remove);
        let begun = turn.begin(&self.job.files, removed, in_cell);
        self.turn = Some(turn);
        self.begun(begun);
    }

    /// What the workspace holds takes the place of what was sent.
    fn begun(&mut self, begun: Result<Begun, workspace::Fault>) {
        let Begun { files, places, layer, bytes } = match begun {
            Ok(begun) => begun,
            Err(fault) if fault.is_ours() => return self.end(End::Broken(format!("the workspace failed: {fault}"))),
            Err(fault) => return self.end_with(judge::mistake(fault.to_string()), None),
        };
        // A command starts what it likes.
        let has_main = self.job.wishes.command.is_some()
            || files.iter().any(|file| file.path == self.job.main)
            || self
                .turn
                .as_ref()
                .is_some_and(|turn| layer.as_ref().is_some_and(|layer| layer.base.is_some()) && turn.had(self.job.main.as_str()));
        if !has_main {
            return self.end_with(judge::mistake(format!("`{}` is not in the workspace", self.job.main.as_str())), None);
        }
        if bytes > self.job.limits.file_bytes {
            let message = format!("the workspace has {bytes} bytes, `limits.files_mb` allows {}", self.job.limits.file_bytes);
            return self.end_with(judge::mistake(message), None);
        }
        let job = self.job.in_workspace(files, places);
        let cases = job.tests.iter().flat_map(|tests| &tests.cases);
        let size = |case: &Arc<Case>| case.files.iter().map(|file| file.content.len() as u64).sum::<u64>();
        if let Some(case) = cases.into_iter().find(|case| size(case) > case.limits.file_bytes) {
            let message = format!("the files of the workspace and of the test `{}` do not fit into its `limits.files_mb`", case.id);
            return self.end_with(judge::mistake(message), None);
        }
        self.job = Arc::new(job);
        self.layering = layer;
        self.stage = Stage::Due;
    }

    async fn come_to_the_desk(&mut self) {
        let is_ready = matches!(self.runner.engines.readiness_for(&self.job), Readiness::Ready);
        if let Some(stage) = self.runner.first_stage(&self.job, is_ready) {
            self.stage = stage;
            return;
        }
        // It was accepted: a queue that is full by now is waited for.
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => self.end(End::Stopped(Stop::Cancelled)),
            () = tokio::time::sleep(POSITION_INTERVAL) => self.stage = Stage::Due,
        }
    }

    async fn wait_for_language(&mut self, waiting: WaitingForLanguage, mut changes: watch::Receiver<u64>, told: Option<(String, f32)>) {
        changes.mark_unchanged();
        let told = match self.runner.engines.readiness_for(&self.job) {
            Readiness::Ready => {
                if let Some(stage) = Stage::of(self.runner.admissions.of(&self.job).enter(&self.job.client, self.job.priority)) {
                    self.stage = stage;
                    return;
                }
                told
            }
            Readiness::Unavailable(why) => {
                return self.end(End::Broken(format!("`{}` is not available: {why}", self.job.toolchain.name)));
            }
            Readiness::Preparing { what, share } => {
                // Again: the daemon may have come only now.
                self.runner.engines.want(&self.job);
                let now = Some((what.clone(), share));
                if now != told {
                    self.ready.push_back(Event::Preparing { what, share });
                    self.stage = Stage::Preparing { waiting, changes, told: now };
                    return;
                }
                told
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => self.end(End::Stopped(Stop::Cancelled)),
            () = async {
                // Steps are few; what changes within an interval is told as one.
                tokio::time::sleep(POSITION_INTERVAL).await;
                let _ = tokio::time::timeout(RETRY, changes.changed()).await;
            } => self.stage = Stage::Preparing { waiting, changes, told },
        }
    }

    async fn wait_for_place(&mut self, mut place: Place, told: Option<(usize, Instant)>) {
        let pause = told.map_or(Duration::ZERO, |(_, when)| POSITION_INTERVAL.saturating_sub(when.elapsed()));
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => self.end(End::Stopped(Stop::Cancelled)),
            permit = place.granted() => self.stage = Stage::Starting(permit),
            () = tokio::time::sleep(pause) => {
                let position = place.position();
                if told.is_none_or(|(last, _)| last != position) {
                    self.ready.push_back(Event::Queued { position });
                }
                self.stage = Stage::Queued { place, told: Some((position, Instant::now())) };
            }
        }
    }

    async fn begin(&mut self, permit: Permit) {
        self.queue_time = self.accepted.elapsed();
        if !self.retried {
            self.tally.queued(self.queue_time);
        }
        if let Some(gateway) = self.runner.engines.gateway.clone() {
            return self.send_away(permit, gateway).await;
        }
        let room = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return self.end(End::Stopped(Stop::Cancelled)),
            room = self.runner.engines.room(&self.job) => room,
        };
        match room {
            Ok(room) => self.first_step(permit, room).await,
            Err(fault) => self.failed(permit, fault),
        }
    }

    async fn first_step(&mut self, permit: Permit, room: Room) {
        self.scan = Scan::new(self.job.rules.as_ref());
        match prepare::first_step(&self.runner, &self.job, room) {
            FirstStep::Compile { room, key, order } => {
                let said = Capture::new(self.runner.settings.capture_bytes);
                let room = Prepared { room, product: None, made: None };
                self.execute(permit, room, *order, Step::Compile { key, begun: Instant::now(), said }).await;
            }
            FirstStep::Ready(prepared, said) => {
                if let Some((output, truncated)) = said {
                    self.compiled = Some(Compiled { ok: true, end: End::Exit(0), output, truncated, time: Duration::ZERO, cached: true });
                }
                self.start_program(permit, prepared).await;
            }
        }
    }

    async fn start_program(&mut self, permit: Permit, mut prepared: Prepared) {
        if self.job.is_judged() {
            return self.judge(permit, prepared);
        }
        let order = Order { layer: self.layering.take(), harvest: self.wanted(), ..prepared.order(&self.runner, &self.job) };
        self.execute(permit, prepared, order, Step::Program).await;
    }

    /// What is to come back of the program's files.
    fn wanted(&self) -> Option<Wanted> {
        if let Some(handed) = &self.job.handed {
            return Some(match handed {
                Handed::All => Wanted::All,
                Handed::Named(names) => Wanted::Named(names.clone()),
            });
        }
        match (&self.turn, &self.job.collect) {
            (Some(_), _) => Some(Wanted::All),
            (None, Some(collect)) if collect.changes => Some(Wanted::All),
            (None, Some(collect)) => Some(Wanted::Named(collect.paths.iter().map(|path| path.as_str().to_owned()).collect())),
            (None, None) => None,
        }
    }

    /// The program is ready: its tests begin.
    fn judge(&mut self, permit: Permit, prepared: Prepared) {
        self.tell_started(&Step::Program);
        if self.job.harness.as_ref().is_none_or(|harness| harness.is_hidden) {
            // Each test is searched and told by itself, or not at all.
            (self.scan, self.lines) = (None, None);
        }
        let (runner, job, cancel) = (self.runner.clone(), self.job.clone(), self.cancel.clone());
        let judging = match (self.job.tests.clone(), self.job.harness.clone()) {
            (Some(tests), _) => Judging::begin(runner, job, tests, cancel, permit, prepared),
            (None, Some(harness)) => Judging::begin_harness(runner, job, harness, cancel, permit),
            (None, None) => return self.end(End::Broken("a job without tests was to be judged".to_owned())),
        };
        self.stage = Stage::Judging(Box::new(judging));
    }

    async fn hear(&mut self, mut judging: Box<Judging>) {
        match judging.next().await {
            Some(News::Output { case: Some(case), pipe, at, data }) => self.tell_output(Some(case), pipe, at, data),
            Some(News::Line(case, line)) => self.tell_line(Some(case), line),
            Some(News::Output { case: None, pipe, at, data }) => self.hear_solution(pipe, at, data.into_bytes()),
            Some(News::Test(place, result)) => self.tell_test(place, result),
            None => return self.end_judged(),
        }
        self.stage = Stage::Judging(judging);
    }

    fn tell_test(&mut self, place: usize, result: Arc<TestResult>) {
        // A harness finds its tests as it goes.
        if place >= self.tests.len() {
            self.tests.resize(place + 1, None);
        }
        self.trace.test(&result.case.id, result.status, result.facts.as_ref().map_or(Duration::ZERO, |facts| facts.wall));
        self.tests[place] = Some(result.clone());
        if let Some(facts) = &result.facts {
            self.tally.executed(facts.wall);
        }
        self.ready.push_back(Event::Test(result));
    }

    /// The end of a run with tests: its own words are those of the first visible test that is not good, or the last one.
    fn end_judged(&mut self) {
        let tests = self.all_tests();
        let visible = || tests.iter().filter(|test| !test.case.is_hidden);
        let first_bad = visible().find(|test| !test.status.is_good() && test.status != TestStatus::Skipped);
        let shown = first_bad.or_else(|| visible().next_back());
        let any_bad = || tests.iter().find(|test| !test.status.is_good()).or(tests.last());
        let Some(test) = shown.or_else(any_bad).cloned() else { return self.end(End::Broken("no test was run".to_owned())) };
        let verdict = match self.cancel.is_cancelled() {
            true => judge::verdict(&Facts::unmeasured(End::Stopped(Stop::Cancelled))),
            false => judging::verdict_of(&test),
        };
        self.end_with(verdict, test.facts.clone());
        if let Some(Event::Ended(outcome)) = self.ready.back_mut()
            && !test.case.is_hidden
            && self.job.harness.is_none()
        {
            outcome.stdout = test.stdout.clone();
            outcome.stderr = test.stderr.clone();
            (outcome.stdout_truncated, outcome.stderr_truncated) = (test.stdout_truncated, test.stderr_truncated);
            outcome.in_size = test.case.input.len() as u64;
            outcome.out_size = test.out_size;
            outcome.outcome = colours(&self.job, &outcome.verdict, &test.matches);
        }
    }

    /// What the solution of a harness wrote: it belongs to no test. It may tell what hidden ones ask.
    fn hear_solution(&mut self, pipe: Pipe, at: Duration, bytes: Vec<u8>) {
        if self.job.harness.as_ref().is_some_and(|harness| harness.is_hidden) {
            return self.captures[pipe as usize].keep(&bytes);
        }
        self.output(pipe, at, bytes);
    }

    /// Every test of the job in its order; those that were not run are skipped.
    fn all_tests(&self) -> Vec<Arc<TestResult>> {
        if self.job.harness.is_some() {
            return self.tests.iter().flatten().cloned().collect();
        }
        let cases = self.job.tests.iter().flat_map(|tests| &tests.cases);
        let found = cases.zip(&self.tests).map(|(case, test)| test.clone().unwrap_or_else(|| Arc::new(judging::skipped(case))));
        found.collect()
    }

    async fn execute(&mut self, permit: Permit, prepared: Prepared, order: Order, step: Step) {
        let (lease, told) = (permit.lease(), self.on_parked.clone());
        let parked = Box::new(move |parked| {
            lease.set_parked(parked);
            if let Some(told) = &told {
                told(parked);
            }
        });
        match self.runner.engines.execute(&prepared.room, &order, parked).await {
            Ok(execution) => self.stage = Stage::Running(Box::new(Running { permit, prepared, execution, killed: None, step })),
            Err(fault) => self.failed(permit, fault),
        }
    }

    fn failed(&mut self, permit: Permit, fault: Fault) {
        match fault {
            Fault::Unavailable(why) => self.end(End::Broken(why)),
            Fault::Lost(why) => self.lost(permit, why),
        }
    }

    async fn attend(&mut self, mut running: Box<Running>) {
        let patience = running.killed.map_or(Duration::MAX, |when| prepare::KILL.saturating_sub(when.elapsed()));
        let takes_input = matches!(running.step, Step::Program);
        let happening = tokio::select! {
            biased;
            () = self.cancel.cancelled(), if running.killed.is_none() => {
                running.execution.kill();
                running.killed = Some(Instant::now());
                self.stage = Stage::Running(running);
                return;
            }
            // Before the output: who writes without end is to hear them. Their pace leaves room for everything else.
            signals = self.signals.take(), if running.killed.is_none() => {
                for signal in signals {
                    running.execution.signal(signal).await;
                }
                self.stage = Stage::Running(running);
                return;
            }
            happening = running.execution.next() => happening,
            (bytes, eof) = self.input.take(), if takes_input => {
                running.execution.stdin(&bytes, eof).await;
                self.stage = Stage::Running(running);
                return;
            }
            () = tokio::time::sleep(patience), if running.killed.is_some() => Happening::Lost,
        };
        match happening {
            Happening::Started => {
                self.tell_started(&running.step);
                // A guest has no signals.
                if takes_input && matches!(self.job.toolchain.kind, Kind::Docker(_)) {
                    self.signals.open();
                }
            }
            Happening::Output { pipe, at, bytes } => match &mut running.step {
                Step::Compile { said, .. } => {
                    said.keep(&bytes);
                    // Where it is the last that is heard, it counts as what the run wrote to stderr.
                    self.search(Pipe::Stderr, &bytes);
                }
                Step::Program => self.output(pipe, at, bytes),
            },
            Happening::Left(bytes) if self.job.handed.is_some() => self.handed = Some(bytes),
            Happening::Left(bytes) => match self.take_left(&bytes).await {
                Ok(()) => {}
                Err(why) => return self.lost(running.permit, why.to_string()),
            },
            Happening::Waiting(_) => self.ready.push_back(Event::Waiting),
            Happening::Ended(Facts { end: End::Broken(why), .. }) => return self.lost(running.permit, why),
            Happening::Ended(facts) => return self.step_ended(*running, facts).await,
            Happening::Lost if running.killed.is_some() => return self.end(End::Stopped(Stop::Cancelled)),
            Happening::Lost => return self.lost(running.permit, "the process that ran the program was lost".to_owned()),
        }
        self.stage = Stage::Running(running);
    }

    async fn step_ended(&mut self, running: Running, facts: Facts) {
        let Running { permit, mut prepared, step, execution, .. } = running;
        match step {
            Step::Compile { key, begun, mut said } => {
                let failure = judge::compile_failure(&facts);
                let (output, truncated) = said.finish();
                let compiled = Compiled { ok: failure.is_none(), end: facts.end, output, truncated, time: begun.elapsed(), cached: false };
                match failure {
                    Some(verdict) if verdict.status != judge::Status::CompileError => self.end_with(verdict, None),
                    Some(verdict) => {
                        self.tell_compiled(compiled);
                        self.end_with(verdict, None);
                    }
                    None => {
                        self.scan = Scan::new(self.job.rules.as_ref());
                        prepared.made = Some(Made { key, output: compiled.output.clone(), truncated });
                        self.tell_compiled(compiled);
                        self.start_program(permit, prepared).await;
                    }
                }
            }
            Step::Program => {
                let verdict = judge::verdict(&facts);
                self.tally.executed(facts.wall);
                self.keep_left(verdict.status, Some(execution.session()));
                self.end_with(verdict, Some(facts));
                prepared.leave();
            }
        }
    }

    /// A piece of the files that the program left.
    async fn take_left(&mut self, bytes: &[u8]) -> Result<(), harvest::Malformed> {
        if self.harvest.is_none() {
            let harvests = self.runner.harvests.clone();
            // Nobody closes it.
            let Ok(room) = harvests.acquire_owned().await else { return Ok(()) };
            let entries = self.runner.settings.file_count as usize;
            self.harvest = Some(Harvest::new(self.job.limits.file_bytes, entries, room));
        }
        match &mut self.harvest {
            Some(harvest) => harvest.feed(bytes),
            None => Ok(()),
        }
    }

    /// The program is over: what it left is told, and kept in its workspace.
    fn keep_left(&mut self, status: judge::Status, cell: Option<Session>) {
        if status == judge::Status::Cancelled {
            return;
        }
        let (left, is_cut) = self.harvest.take().map(Harvest::finish).unwrap_or_default();
        let by_path = |file: &'_ JobFile| (file.path.as_str().to_owned(), file.content.clone());
        let asked = self.job.files.iter().filter(|_| self.job.collect.is_some() && !left.is_empty());
        let sent: HashMap<String, Bytes> = asked.map(by_path).collect();
        let had = |path: &str| match &self.turn {
            Some(turn) => turn.had(path),
            None => sent.contains_key(path),
        };
        let before = |path: &str| sent.get(path).cloned();
        self.files = self.job.collect.as_ref().map(|collect| {
            let report = harvest::report(collect, &left, had, before);
            FilesLeft { truncated: report.truncated || is_cut, ..report }
        });
        if let (Some(turn), Some(workspace)) = (&mut self.turn, &self.job.workspace) {
            let saved = turn.end(&left, cell);
            self.saved = Some(Saved { name: workspace.name.clone(), fault: saved.err().map(|fault| fault.to_string()) });
        }
    }

    fn tell_started(&mut self, step: &Step) {
        let is_first = self.started.is_none();
        let started = *self.started.get_or_insert_with(Instant::now);
        if is_first {
            self.ready.push_back(Event::Started { engine: self.job.toolchain.kind.engine() });
        }
        if matches!(step, Step::Program) {
            self.lines = Lines::both(self.job.stream);
            self.offset = if is_first { Duration::ZERO } else { started.elapsed() };
            if let Some(compiled) = self.compiled.clone().filter(|compiled| compiled.cached) {
                self.ready.push_back(Event::Compiled(compiled));
            }
        }
    }

    fn tell_compiled(&mut self, compiled: Compiled) {
        self.compiled = Some(compiled.clone());
        self.ready.push_back(Event::Compiled(compiled));
    }

    fn output(&mut self, pipe: Pipe, at: Duration, bytes: Vec<u8>) {
        self.search(pipe, &bytes);
        let capture = &mut self.captures[pipe as usize];
        capture.keep(&bytes);
        if let Some(lines) = &mut self.lines {
            let whole = lines[pipe as usize].feed(at, &bytes);
            whole.into_iter().for_each(|line| self.tell_line(None, line));
        } else if self.job.stream == Stream::Live
            && let Some(data) = capture.whole_characters(bytes)
        {
            self.tell_output(None, pipe, at, data);
        }
    }

    fn search(&mut self, pipe: Pipe, bytes: &[u8]) {
        if let Some(scan) = &mut self.scan {
            scan.feed(pipe, bytes);
        }
    }

    fn tell_line(&mut self, test: Option<Arc<Case>>, line: Line) {
        self.ready.push_back(Event::Line { test, line: Line { at: self.offset + line.at, ..line } });
        self.sequence += 1;
    }

    fn tell_output(&mut self, test: Option<Arc<Case>>, pipe: Pipe, at: Duration, data: Text) {
        self.ready.push_back(Event::Output { test, pipe, seq: self.sequence, at: self.offset + at, data });
        self.sequence += 1;
    }

    /// The executor is gone, or failed the program, which runs once more where nobody has seen anything of it yet.
    fn lost(&mut self, permit: Permit, why: String) {
        if !self.may_begin_again() {
            return self.end(End::Broken(why));
        }
        tracing::warn!("runs a program again: {why}");
        self.captures = Capture::both(self.runner.settings.capture_bytes);
        self.begin_again(permit);
    }

    /// Once, and only where nobody has seen anything: what was seen is never told twice.
    fn may_begin_again(&mut self) -> bool {
        let are_tests_seen = self.job.stream != Stream::Quiet && self.tests.iter().any(Option::is_some);
        let is_seen = self.sequence > 0 || self.input.was_taken() || self.signals.was_taken() || are_tests_seen;
        !is_seen && !std::mem::replace(&mut self.retried, true)
    }

    fn begin_again(&mut self, permit: Permit) {
        (self.compiled, self.harvest) = (None, None);
        self.signals.reset();
        if let Some(turn) = &mut self.turn {
            let begun = turn.begin_again();
            self.begun(begun);
            if matches!(self.stage, Stage::Over) {
                return;
            }
        }
        self.stage = Stage::Starting(permit);
    }

    /// An end of which nothing was measured.
    fn end(&mut self, end: End) {
        let verdict = judge::verdict(&Facts::unmeasured(end));
        self.end_with(verdict, None);
    }

    fn end_with(&mut self, verdict: Verdict, facts: Option<Facts>) {
        self.input.close();
        self.signals.close();
        let (verdict, facts) = self.by_signal(verdict, facts);
        self.log_end(&verdict, facts.as_ref());
        self.tally.ended(verdict.status);
        self.trace.end(&verdict);
        let at = facts.as_ref().map_or(Duration::ZERO, |facts| facts.wall);
        for pipe in [Pipe::Stdout, Pipe::Stderr] {
            if self.job.stream == Stream::Live
                && let Some(data) = self.captures[pipe as usize].rest()
            {
                self.tell_output(None, pipe, at, data);
            }
        }
        for lines in self.lines.take().into_iter().flatten() {
            self.tell_line(None, lines.finish(at));
        }
        let matches = self.scan.take().map(Scan::finish).unwrap_or_default();
        let [stdout, stderr] = &mut self.captures;
        let out_size = stdout.total() + stderr.total();
        let (stdout, stdout_truncated) = stdout.finish();
        let (stderr, stderr_truncated) = stderr.finish();
        let outcome = Outcome {
            outcome: colours(&self.job, &verdict, &matches),
            verdict,
            compiled: self.compiled.clone(),
            tests: self.job.is_judged().then(|| self.all_tests()),
            facts,
            stdout,
            stderr,
            stdout_truncated,
            stderr_truncated,
            files: self.files.take(),
            workspace: self.saved.take(),
            queue_time: self.queue_time,
            code_size: self.job.code_size(),
            in_size: self.job.stdin.len() as u64 + self.input.taken(),
            out_size,
        };
        // Before its end is told: whoever reads it finds the workspace free, and others need not wait for the reader.
        (self.turn, self.harvest) = (None, None);
        self.ready.push_back(Event::Ended(Box::new(outcome)));
        self.stage = Stage::Over;
    }

    /// What was stopped for a signal that nothing could handle has ended by it.
    fn by_signal(&self, verdict: Verdict, facts: Option<Facts>) -> (Verdict, Option<Facts>) {
        let Some(signal) = self.signals.ended_by().filter(|_| verdict.status == judge::Status::Cancelled) else { return (verdict, facts) };
        let end = End::Signal(signal.name().to_owned());
        (judge::verdict(&Facts::unmeasured(end.clone())), facts.map(|facts| Facts { end, ..facts }))
    }

    /// Only the words of our own faults: what a verdict says of a program may be the program's own.
    fn log_end(&self, verdict: &Verdict, facts: Option<&Facts>) {
        let _of_this_run = self.span.enter();
        if verdict.status == judge::Status::Internal {
            return tracing::error!(status = "internal", "{}", verdict.message.as_deref().unwrap_or("failed"));
        }
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (queue_ms, wall_ms) = (milliseconds(self.queue_time), facts.map(|facts| milliseconds(facts.wall)));
        tracing::info!(status = verdict.status.word(), queue_ms, wall_ms, "ended");
    }
}

/// What the rules of a job make of an end.
fn colours(job: &Job, verdict: &Verdict, matches: &Matches) -> colour::Outcome {
    job.rules.as_ref().map(|rules| rules.outcome(verdict, matches)).unwrap_or_default()
}
