//! The one way in: a job becomes a run, a stream of events with exactly one end. Waits for a place, orders an
//! execution, watches it, judges. Called by every door; knows neither frames nor sockets.

mod capture;
mod holding;
mod input;

use crate::admission::{Admission, Entry, Permit, Place};
use crate::engine::{Engines, Fault, Readiness};
use crate::event::{Event, Outcome, Pipe, Text};
use crate::job::{Job, Stream};
use crate::judge::{self, End, Facts, Stop};
use crate::limits::FUEL_PER_MS;
use crate::link::Seeds;
use crate::link::session::{Execution, Happening, Order};
use capture::Capture;
use holding::Holdings;
pub use input::{Input, InputFault};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Positions in the queue, and the progress of a preparation, are told at most this often.
const POSITION_INTERVAL: Duration = Duration::from_millis(250);
/// How long a killed program may take to be gone before its executor counts as lost.
const KILL: Duration = Duration::from_secs(5);
/// When to come back after a refusal.
pub const RETRY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Settings {
    pub capture_bytes: usize,
    pub stdin_bytes: u64,
    pub file_count: u32,
    /// Files and input of all runs together.
    pub held_bytes: u64,
}

pub struct Runner {
    engines: Engines,
    admission: Arc<Admission>,
    settings: Settings,
    holdings: Arc<Holdings>,
    /// Runs that wait for their language to be made ready.
    preparing: AtomicUsize,
    draining: AtomicBool,
}

/// Why a job was not accepted. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the server is busy: its queue is full, or it holds as many bytes as it may")]
    Busy,
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error("`{language}` is not available: {why}")]
    Unavailable { language: String, why: String },
}

/// A job under way. Dropping it ends it.
pub struct Run {
    runner: Arc<Runner>,
    job: Job,
    cancel: CancellationToken,
    input: Input,
    stage: Stage,
    accepted: Instant,
    queue_time: Duration,
    told_started: bool,
    retried: bool,
    captures: [Capture; 2],
    sequence: u64,
    /// Events that happened together.
    ready: VecDeque<Event>,
}

enum Stage {
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
    Running {
        permit: Permit,
        execution: Execution,
        killed: Option<Instant>,
    },
    Over,
}

impl Runner {
    pub fn new(engines: Engines, admission: Arc<Admission>, settings: Settings) -> Arc<Self> {
        let holdings = Holdings::new(settings.held_bytes);
        Arc::new(Self { engines, admission, settings, holdings, preparing: AtomicUsize::new(0), draining: AtomicBool::new(false) })
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    pub fn admission(&self) -> &Admission {
        &self.admission
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
        let unavailable = |why| Refused::Unavailable { language: job.toolchain.name.clone(), why };
        let is_ready = match self.engines.readiness(&job.toolchain) {
            Readiness::Ready => true,
            Readiness::Preparing { .. } => false,
            Readiness::Unavailable(why) => return Err(unavailable(why)),
        };
        let holding = self.holdings.take(job.code_size() + job.stdin.len() as u64).ok_or(Refused::Busy)?;
        let stage = if is_ready {
            Stage::of(self.admission.enter()).ok_or(Refused::Busy)?
        } else {
            let waiting = WaitingForLanguage::begin(self).ok_or(Refused::Busy)?;
            // The stage looks again before it waits: what changes in between is not missed.
            Stage::Preparing { waiting, changes: self.engines.changes(), told: None }
        };
        Ok(Run {
            input: Input::new(job.interactive, self.settings.stdin_bytes.saturating_sub(job.stdin.len() as u64), holding),
            captures: Capture::both(self.settings.capture_bytes),
            runner: self.clone(),
            job,
            cancel,
            stage,
            accepted: Instant::now(),
            queue_time: Duration::ZERO,
            told_started: false,
            retried: false,
            sequence: 0,
            ready: VecDeque::new(),
        })
    }
}

/// A program's whole environment: its toolchain's, and what the job says over it.
fn environment(usual: &[(String, String)], own: &[(String, String)]) -> Vec<(String, String)> {
    let kept = usual.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
    kept.chain(own).cloned().collect()
}

impl Stage {
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
    fn begin(runner: &Arc<Runner>) -> Option<Self> {
        let most = runner.admission.bounds().queue;
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

    /// What happens next; None after the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Preparing { waiting, changes, told } => self.wait_for_language(waiting, changes, told).await,
                Stage::Queued { place, told } => self.wait_for_place(place, told).await,
                Stage::Starting(permit) => self.begin(permit).await,
                Stage::Running { permit, execution, killed } => self.attend(permit, execution, killed).await,
                Stage::Over => return None,
            }
        }
    }

    async fn wait_for_language(&mut self, waiting: WaitingForLanguage, mut changes: watch::Receiver<u64>, told: Option<(String, f32)>) {
        changes.mark_unchanged();
        let told = match self.runner.engines.readiness(&self.job.toolchain) {
            Readiness::Ready => {
                if let Some(stage) = Stage::of(self.runner.admission.enter()) {
                    self.stage = stage;
                    return;
                }
                told
            }
            Readiness::Unavailable(why) => {
                return self.end(None, End::Broken(format!("`{}` is not available: {why}", self.job.toolchain.name)));
            }
            Readiness::Preparing { what, share } => {
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
            () = self.cancel.cancelled() => self.end(None, End::Stopped(Stop::Cancelled)),
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
            () = self.cancel.cancelled() => self.end(None, End::Stopped(Stop::Cancelled)),
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
        let lease = permit.lease();
        let order = self.order();
        let parked = Box::new(move |parked| lease.set_parked(parked));
        match self.runner.engines.execute(&self.job.toolchain, &order, parked).await {
            Ok(execution) => self.stage = Stage::Running { permit, execution, killed: None },
            Err(Fault::Unavailable(why)) => self.end(None, End::Broken(why)),
            Err(Fault::Lost(why)) => self.lost(permit, why),
        }
    }

    fn order(&self) -> Order {
        let Job { toolchain, files, main, args, env, stdin, interactive, limits, deterministic, .. } = &self.job;
        let fuel = limits.fuel.unwrap_or_else(|| u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX).saturating_mul(FUEL_PER_MS));
        let seeds = deterministic.map(|wish| Seeds {
            seed: wish.seed,
            now: wish.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            fuel,
        });
        Order {
            toolchain: toolchain.name.clone(),
            main: main.as_str().to_owned(),
            files: files.clone(),
            args: args.clone(),
            env: environment(&toolchain.env, env),
            stdin: stdin.clone(),
            stdin_open: *interactive,
            limits: limits.clone(),
            file_count: self.runner.settings.file_count,
            deterministic: seeds,
        }
    }

    async fn attend(&mut self, permit: Permit, mut execution: Execution, mut killed: Option<Instant>) {
        let patience = killed.map_or(Duration::MAX, |when| KILL.saturating_sub(when.elapsed()));
        let happening = tokio::select! {
            biased;
            () = self.cancel.cancelled(), if killed.is_none() => {
                execution.kill();
                killed = Some(Instant::now());
                self.stage = Stage::Running { permit, execution, killed };
                return;
            }
            happening = execution.next() => happening,
            (bytes, eof) = self.input.take() => {
                execution.stdin(&bytes, eof).await;
                self.stage = Stage::Running { permit, execution, killed };
                return;
            }
            () = tokio::time::sleep(patience), if killed.is_some() => Happening::Lost,
        };
        match happening {
            Happening::Started => {
                if !std::mem::replace(&mut self.told_started, true) {
                    self.ready.push_back(Event::Started { engine: self.job.toolchain.kind.engine() });
                }
            }
            Happening::Output { pipe, at, bytes } => self.output(pipe, at, bytes),
            Happening::Waiting => self.ready.push_back(Event::Waiting),
            Happening::Ended(Facts { end: End::Broken(why), .. }) => return self.lost(permit, why),
            Happening::Ended(facts) => return self.end(Some(facts), End::Exit(0)),
            Happening::Lost if killed.is_some() => return self.end(None, End::Stopped(Stop::Cancelled)),
            Happening::Lost => return self.lost(permit, "the process that ran the program was lost".to_owned()),
        }
        self.stage = Stage::Running { permit, execution, killed };
    }

    fn output(&mut self, pipe: Pipe, at: Duration, bytes: Vec<u8>) {
        let capture = &mut self.captures[pipe as usize];
        capture.keep(&bytes);
        if self.job.stream == Stream::Live
            && let Some(data) = capture.whole_characters(bytes)
        {
            self.tell_output(pipe, at, data);
        }
    }

    fn tell_output(&mut self, pipe: Pipe, at: Duration, data: Text) {
        self.ready.push_back(Event::Output { pipe, seq: self.sequence, at, data });
        self.sequence += 1;
    }

    /// The executor is gone, or failed the program, which runs once more where nobody has seen anything of it yet.
    fn lost(&mut self, permit: Permit, why: String) {
        let seen = self.sequence > 0 || self.input.was_taken();
        if seen || std::mem::replace(&mut self.retried, true) {
            return self.end(None, End::Broken(why));
        }
        tracing::warn!(language = self.job.toolchain.name, "runs a program again: {why}");
        self.captures = Capture::both(self.runner.settings.capture_bytes);
        self.stage = Stage::Starting(permit);
    }

    /// The end: from facts where there are some, else from `otherwise`.
    fn end(&mut self, facts: Option<Facts>, otherwise: End) {
        self.input.close();
        let at = facts.as_ref().map_or(Duration::ZERO, |facts| facts.wall);
        for pipe in [Pipe::Stdout, Pipe::Stderr] {
            if self.job.stream == Stream::Live
                && let Some(data) = self.captures[pipe as usize].rest()
            {
                self.tell_output(pipe, at, data);
            }
        }
        let verdict = judge::verdict(facts.as_ref().unwrap_or(&Facts::unmeasured(otherwise)));
        let [stdout, stderr] = &mut self.captures;
        let out_size = stdout.total() + stderr.total();
        let (stdout, stdout_truncated) = stdout.finish();
        let (stderr, stderr_truncated) = stderr.finish();
        let outcome = Outcome {
            verdict,
            facts,
            stdout,
            stderr,
            stdout_truncated,
            stderr_truncated,
            queue_time: self.queue_time,
            code_size: self.job.code_size(),
            in_size: self.job.stdin.len() as u64 + self.input.taken(),
            out_size,
        };
        self.ready.push_back(Event::Ended(Box::new(outcome)));
        self.stage = Stage::Over;
    }
}
