//! A room in which a program is ready to be started: found or compiled. For programs whose making nobody watches:
//! checkers, interactors, and a second try after a container was lost. Called by `runner::judging`.

use super::{Runner, order};
use crate::engine::docker::Key;
use crate::engine::{Fault, Readiness, Room};
use crate::event::Text;
use crate::job::Job;
use crate::judge::{self, End, Facts, Stop};
use crate::link::{Execution, Happening, Order};
use crate::runner::capture::Capture;
use crate::toolchain::Kind;
use bytes::Bytes;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a killed program may take to be gone before its executor counts as lost.
pub(super) const KILL: Duration = Duration::from_secs(5);

pub(super) struct Prepared {
    pub(super) room: Room,
    /// Compiled before, and not in the room yet.
    pub(super) product: Option<Bytes>,
    /// What was compiled in the room just now.
    pub(super) made: Option<Made>,
}

/// A product that lies in a room and is not kept yet.
pub(super) struct Made {
    pub(super) key: Key,
    pub(super) output: Text,
    pub(super) truncated: bool,
}

pub(super) enum Unprepared {
    /// It does not compile: why, and what the compiler said.
    Compile(String, Text),
    Fault(String),
    Cancelled,
}

impl Prepared {
    /// The order for a program of this room; `job` may be one of its tests.
    pub(super) fn order(&mut self, runner: &Runner, job: &Job) -> Order {
        let file_count = runner.settings.file_count;
        match (&self.room, &job.toolchain.kind) {
            (Room::Container(container), Kind::Docker(recipe)) => order::command(job, recipe, container, self.product.take(), file_count),
            (Room::Cells | Room::Container(_), _) => order::guest(job, file_count),
        }
    }

    /// Keeps what was compiled here, and gives the room up.
    pub(super) fn leave(self) {
        if let (Room::Container(container), Some(Made { key, output, truncated })) = (self.room, self.made) {
            container.keep_product(key, output, truncated);
        }
    }
}

/// What comes first in a room.
pub(super) enum FirstStep {
    /// Nothing: the program can be started. With what the compiler said where it was compiled before.
    Ready(Prepared, Option<(Text, bool)>),
    Compile {
        room: Room,
        key: Key,
        order: Box<Order>,
    },
}

/// Compiles where that is due and was not done before.
pub(super) fn first_step(runner: &Runner, job: &Job, room: Room) -> FirstStep {
    let ready = |room, product| Prepared { room, product, made: None };
    let (Room::Container(container), Kind::Docker(recipe)) = (&room, &job.toolchain.kind) else {
        return FirstStep::Ready(ready(room, None), None);
    };
    let Some(argv) = recipe.compile_argv(job) else { return FirstStep::Ready(ready(room, None), None) };
    let key = container.product_key(&argv, job);
    if let Some(product) = container.find_product(&key) {
        return FirstStep::Ready(ready(room, Some(product.packed)), Some((product.output, product.truncated)));
    }
    let order = order::compile(job, recipe, argv, container, runner.settings.file_count);
    FirstStep::Compile { room, key, order: Box::new(order) }
}

pub(super) async fn prepare(runner: &Runner, job: &Job, cancel: &CancellationToken) -> Result<Prepared, Unprepared> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Unprepared::Cancelled),
        prepared = prepare_uncancelled(runner, job, cancel) => prepared,
    }
}

async fn prepare_uncancelled(runner: &Runner, job: &Job, cancel: &CancellationToken) -> Result<Prepared, Unprepared> {
    until_ready(runner, job).await?;
    let room = runner.engines.room(job).await.map_err(fault)?;
    let (room, key, order) = match first_step(runner, job, room) {
        FirstStep::Ready(prepared, _) => return Ok(prepared),
        FirstStep::Compile { room, key, order } => (room, key, order),
    };
    let mut attempt = Attempt::begin(runner, &room, &order, Box::new(|_| {}), cancel).await.map_err(fault)?;
    let mut said = Capture::new(runner.settings.capture_bytes);
    let facts = loop {
        match attempt.next().await {
            Progress::Output { bytes, .. } => said.keep(&bytes),
            Progress::Waiting(_) => {}
            Progress::Ended(facts) => break facts,
            Progress::Lost(why) => return Err(Unprepared::Fault(why)),
        }
    };
    let (output, truncated) = said.finish();
    match judge::compile_failure(&facts) {
        None => Ok(Prepared { room, product: None, made: Some(Made { key, output, truncated }) }),
        Some(verdict) if verdict.status == judge::Status::Cancelled => Err(Unprepared::Cancelled),
        Some(verdict) => Err(Unprepared::Compile(verdict.message.unwrap_or_default(), output)),
    }
}

fn fault(fault: Fault) -> Unprepared {
    Unprepared::Fault(fault.to_string())
}

async fn until_ready(runner: &Runner, job: &Job) -> Result<(), Unprepared> {
    let mut changes = runner.engines.changes();
    loop {
        match runner.engines.readiness_for(job) {
            Readiness::Ready => return Ok(()),
            Readiness::Unavailable(why) => return Err(Unprepared::Fault(format!("`{}` is not available: {why}", job.toolchain.name))),
            Readiness::Preparing { .. } => runner.engines.want(job),
        }
        // An image that failed to be made may be tried again without a change.
        let _ = tokio::time::timeout(super::RETRY, changes.changed()).await;
    }
}

/// One execution under way, killed where its run is cancelled.
pub(super) struct Attempt<'a> {
    execution: Execution,
    cancel: &'a CancellationToken,
    killed: Option<Instant>,
}

pub(super) enum Progress {
    Output { pipe: crate::event::Pipe, at: Duration, bytes: Vec<u8> },
    Waiting(u64),
    Ended(Facts),
    Lost(String),
}

impl<'a> Attempt<'a> {
    pub(super) async fn begin(
        runner: &Runner,
        room: &Room,
        order: &Order,
        parked: crate::link::OnParked,
        cancel: &'a CancellationToken,
    ) -> Result<Self, Fault> {
        let execution = runner.engines.execute(room, order, parked).await?;
        Ok(Self::of(execution, cancel))
    }

    pub(super) fn of(execution: Execution, cancel: &'a CancellationToken) -> Self {
        Self { execution, cancel, killed: None }
    }

    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Progress {
        loop {
            let patience = self.killed.map_or(Duration::MAX, |when| KILL.saturating_sub(when.elapsed()));
            let happening = tokio::select! {
                biased;
                () = self.cancel.cancelled(), if self.killed.is_none() => {
                    self.kill();
                    continue;
                }
                happening = self.execution.next() => happening,
                () = tokio::time::sleep(patience), if self.killed.is_some() => {
                    return Progress::Ended(Facts::unmeasured(End::Stopped(Stop::Cancelled)));
                }
            };
            return match happening {
                // Nobody has asked for files.
                Happening::Started | Happening::Left(_) => continue,
                Happening::Output { pipe, at, bytes } => Progress::Output { pipe, at, bytes },
                Happening::Waiting(received) => Progress::Waiting(received),
                Happening::Ended(Facts { end: End::Broken(why), .. }) => Progress::Lost(why),
                Happening::Ended(facts) => Progress::Ended(facts),
                Happening::Lost if self.killed.is_some() => Progress::Ended(Facts::unmeasured(End::Stopped(Stop::Cancelled))),
                Happening::Lost => Progress::Lost("the process that ran the program was lost".to_owned()),
            };
        }
    }

    pub(super) async fn stdin(&self, bytes: &[u8], eof: bool) {
        self.execution.stdin(bytes, eof).await;
    }

    pub(super) fn kill(&mut self) {
        if self.killed.is_none() {
            self.killed = Some(Instant::now());
            self.execution.kill();
        }
    }
}
