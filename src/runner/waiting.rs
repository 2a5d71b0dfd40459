//! What a run waits for before it begins: its turn in its workspace, its language, its place at the desk. Called by `runner`.

use super::{POSITION_INTERVAL, RETRY, Run, Runner, Stage};
use crate::admission::Place;
use crate::engine::Readiness;
use crate::event::Event;
use crate::job::{Case, Job};
use crate::judge::{self, End, Stop};
use crate::toolchain::Kind;
use crate::workspace::{self, Begun, Turn};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;

impl Run {
    pub(super) async fn wait_for_turn(&mut self, turn: BoxFuture<'static, Turn>) {
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
    pub(super) fn begun(&mut self, begun: Result<Begun, workspace::Fault>) {
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

    pub(super) async fn come_to_the_desk(&mut self) {
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

    pub(super) async fn wait_for_language(
        &mut self,
        waiting: WaitingForLanguage,
        mut changes: watch::Receiver<u64>,
        told: Option<(String, f32)>,
    ) {
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

    pub(super) async fn wait_for_place(&mut self, mut place: Place, told: Option<(usize, Instant)>) {
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
}

/// Counts a run that waits for its language; as many may as have room in the queue.
pub(super) struct WaitingForLanguage(Arc<Runner>);

impl WaitingForLanguage {
    pub(super) fn begin(runner: &Arc<Runner>, job: &Job) -> Option<Self> {
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
