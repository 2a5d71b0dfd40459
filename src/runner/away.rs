//! A run whose program is on a worker elsewhere: sent, heard, and sent once more where its worker is lost before anybody has seen anything of it. What the client is
//! told, its workspace and its place at the desk stay here. Called by `runner` in the place of an engine.

use super::{POSITION_INTERVAL, Run, Stage, prepare};
use crate::admission::Permit;
use crate::event::{Event, Outcome};
use crate::gateway::event::{End as EndAbroad, Told};
use crate::gateway::{Abroad, Gateway, News};
use crate::job::Handed;
use crate::judge::{self, End, Stop};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Larger jobs are written beside the executor.
const LARGE: u64 = 256 << 10;

pub(super) struct Away {
    permit: Permit,
    abroad: Abroad,
    killed: Option<Instant>,
    /// Something was told of it, if only that it waits.
    is_heard: bool,
}

impl Run {
    pub(super) async fn send_away(&mut self, permit: Permit, gateway: Arc<Gateway>) {
        let patience = self.runner.settings.patience;
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => return self.end(End::Stopped(Stop::Cancelled)),
            () = gateway.up(self.retried) => {}
            () = sleep(patience) => {
                let why = gateway.why_not().unwrap_or_else(|| "the broker was away".to_owned());
                return self.end(End::Broken(why));
            }
        }
        let handed = self.handed_on();
        let message = || gateway.message(&self.job, handed);
        let message = if self.job.held_bytes() > LARGE { tokio::task::block_in_place(message) } else { message() };
        let abroad = gateway.send(message).await;
        if self.retried {
            gateway.counts.again.inc();
        }
        self.stage = Stage::Away(Box::new(Away { permit, abroad, killed: None, is_heard: false }));
    }

    /// The files that are wanted back, as they are: what is told of them is said here.
    fn handed_on(&self) -> Option<Handed> {
        if self.job.is_judged() {
            return None;
        }
        match (&self.turn, &self.job.collect) {
            (Some(_), _) => Some(Handed::All),
            (None, Some(collect)) if collect.changes => Some(Handed::All),
            (None, Some(collect)) => Some(Handed::Named(collect.paths.iter().map(|path| path.as_str().to_owned()).collect())),
            (None, None) => None,
        }
    }

    pub(super) async fn attend_away(&mut self, mut away: Box<Away>) {
        let patience = away.killed.map_or(Duration::MAX, |when| prepare::KILL.saturating_sub(when.elapsed()));
        // As from an executor: what comes before the start is kept.
        let takes_input = self.started.is_some() && away.killed.is_none();
        let news = tokio::select! {
            biased;
            () = self.cancel.cancelled(), if away.killed.is_none() => {
                if !away.abroad.cancel().await {
                    return self.end(End::Stopped(Stop::Cancelled));
                }
                away.killed = Some(Instant::now());
                self.stage = Stage::Away(away);
                return;
            }
            signals = self.signals.take(), if away.killed.is_none() => {
                for signal in signals {
                    away.abroad.signal(signal).await;
                }
                self.stage = Stage::Away(away);
                return;
            }
            news = away.abroad.next(&self.job) => news,
            (bytes, eof) = self.input.take(), if takes_input => {
                away.abroad.stdin(&bytes, eof).await;
                self.stage = Stage::Away(away);
                return;
            }
            () = sleep(POSITION_INTERVAL), if !away.is_heard => {
                // One that has its worker is on its way there.
                if !away.abroad.has_worker() {
                    away.is_heard = true;
                    // No worker has a place for it; how many are before it, nobody counts.
                    self.ready.push_back(Event::Queued { position: 0 });
                }
                self.stage = Stage::Away(away);
                return;
            }
            () = sleep(patience), if away.killed.is_some() => News::Lost,
        };
        match news {
            News::Told(told) => {
                away.is_heard = true;
                // The worker knows what can handle them.
                self.signals.open();
                self.hear_away(away, told).await;
            }
            News::Unfit(why) => self.end(End::Broken(why)),
            News::Lost if away.killed.is_some() => self.end(End::Stopped(Stop::Cancelled)),
            News::Lost => self.lost_away(away.permit),
        }
    }

    async fn hear_away(&mut self, away: Box<Away>, told: Told) {
        match told {
            Told::Ended(end) => return self.end_away(*end),
            Told::Parked(parked) => away.permit.lease().set_parked(parked),
            Told::Left(bytes) => {
                if let Err(why) = self.take_left(&bytes).await {
                    return self.end(End::Broken(why.to_string()));
                }
            }
            Told::Test(place, result) => self.tell_test(place, result),
            Told::Event(Event::Compiled(compiled)) => self.tell_compiled(compiled),
            Told::Event(event) => {
                match &event {
                    Event::Started { .. } => self.started = Some(Instant::now()),
                    Event::Output { .. } | Event::Line { .. } => self.sequence += 1,
                    Event::Queued { .. } | Event::Preparing { .. } | Event::Compiled(_) | Event::Test(_) => {}
                    Event::Waiting | Event::Ended(_) => {}
                }
                self.ready.push_back(event);
            }
        }
        self.stage = Stage::Away(away);
    }

    /// The same rule as for a lost cell.
    fn lost_away(&mut self, permit: Permit) {
        if !self.may_begin_again() {
            return self.end(End::Broken("the worker that ran the program was lost".to_owned()));
        }
        tracing::warn!("sends a run again: its worker or the broker was lost");
        permit.lease().set_parked(false);
        self.started = None;
        self.tests.fill(None);
        self.begin_again(permit);
    }

    fn end_away(&mut self, end: EndAbroad) {
        let EndAbroad { verdict, outcome: colours, facts, stdout, stderr, stdout_truncated, stderr_truncated, in_size, out_size } = end;
        let status = verdict.status;
        // The worker knows of an end only.
        let is_by_signal = status == judge::Status::Cancelled && self.signals.ended_by().is_some();
        if !self.job.is_judged() && status != judge::Status::Internal {
            if let Some(facts) = &facts {
                self.tally.executed(facts.wall);
            }
            // Where no program was started there is nothing to keep.
            if facts.is_some() {
                self.keep_left(status, None);
            }
        }
        self.end_with(verdict, facts);
        if let Some(Event::Ended(outcome)) = self.ready.back_mut() {
            let said = Outcome {
                outcome: if is_by_signal { outcome.outcome.clone() } else { colours },
                stdout,
                stderr,
                stdout_truncated,
                stderr_truncated,
                in_size,
                out_size,
                // These are known here.
                verdict: outcome.verdict.clone(),
                compiled: outcome.compiled.take(),
                tests: outcome.tests.take(),
                facts: outcome.facts.take(),
                files: outcome.files.take(),
                workspace: outcome.workspace.take(),
                queue_time: outcome.queue_time,
                code_size: outcome.code_size,
            };
            **outcome = said;
        }
    }
}
