//! A run under way here: it gets a room, is compiled where that is due, and its program is executed and watched; once more where its executor was lost before anybody
//! has seen anything of it. Called by `runner`.

use super::capture::Capture;
use super::harvest::{self, Harvest};
use super::prepare::{self, FirstStep, Made, Prepared};
use super::{Run, Stage};
use crate::admission::Permit;
use crate::engine::docker::Key;
use crate::engine::{Fault, Room};
use crate::event::{Compiled, Event, FilesLeft, Pipe, Saved};
use crate::job::{Handed, JobFile, Stream};
use crate::judge::colour::Scan;
use crate::judge::{self, End, Facts, Stop};
use crate::link::{Execution, Happening, Order, Session, Wanted};
use crate::toolchain::Kind;
use bytes::Bytes;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// An execution under way, and where.
pub(super) struct Running {
    permit: Permit,
    prepared: Prepared,
    execution: Execution,
    killed: Option<Instant>,
    pub(super) step: Step,
}

pub(super) enum Step {
    /// What the compiler has said so far.
    Compile {
        key: Key,
        begun: Instant,
        said: Capture,
    },
    Program,
}

impl Run {
    pub(super) async fn begin(&mut self, permit: Permit) {
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

    pub(super) async fn execute(&mut self, permit: Permit, prepared: Prepared, order: Order, step: Step) {
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

    pub(super) async fn attend(&mut self, mut running: Box<Running>) {
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
    pub(super) async fn take_left(&mut self, bytes: &[u8]) -> Result<(), harvest::Malformed> {
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
    pub(super) fn keep_left(&mut self, status: judge::Status, cell: Option<Session>) {
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
    pub(super) fn may_begin_again(&mut self) -> bool {
        let are_tests_seen = self.job.stream != Stream::Quiet && self.tests.iter().any(Option::is_some);
        let is_seen = self.sequence > 0 || self.input.was_taken() || self.signals.was_taken() || are_tests_seen;
        !is_seen && !std::mem::replace(&mut self.retried, true)
    }

    pub(super) fn begin_again(&mut self, permit: Permit) {
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
}
