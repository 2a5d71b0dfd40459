//! What a run tells: its start, its output, and its one end. Called by the stages.

use super::executing::Step;
use super::lines::Lines;
use super::{Run, Stage};
use crate::event::{Compiled, Event, Line, Outcome, Pipe, Text};
use crate::job::{Case, Job, Stream};
use crate::judge::colour::{self, Matches, Scan};
use crate::judge::{self, End, Facts, Verdict};
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Run {
    pub(super) fn tell_started(&mut self, step: &Step) {
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

    pub(super) fn tell_compiled(&mut self, compiled: Compiled) {
        self.compiled = Some(compiled.clone());
        self.ready.push_back(Event::Compiled(compiled));
    }

    pub(super) fn output(&mut self, pipe: Pipe, at: Duration, bytes: Vec<u8>) {
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

    pub(super) fn search(&mut self, pipe: Pipe, bytes: &[u8]) {
        if let Some(scan) = &mut self.scan {
            scan.feed(pipe, bytes);
        }
    }

    pub(super) fn tell_line(&mut self, test: Option<Arc<Case>>, line: Line) {
        self.ready.push_back(Event::Line { test, line: Line { at: self.offset + line.at, ..line } });
        self.sequence += 1;
    }

    pub(super) fn tell_output(&mut self, test: Option<Arc<Case>>, pipe: Pipe, at: Duration, data: Text) {
        self.ready.push_back(Event::Output { test, pipe, seq: self.sequence, at: self.offset + at, data });
        self.sequence += 1;
    }

    /// An end of which nothing was measured.
    pub(super) fn end(&mut self, end: End) {
        let verdict = judge::verdict(&Facts::unmeasured(end));
        self.end_with(verdict, None);
    }

    pub(super) fn end_with(&mut self, verdict: Verdict, facts: Option<Facts>) {
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
pub(super) fn colours(job: &Job, verdict: &Verdict, matches: &Matches) -> colour::Outcome {
    job.rules.as_ref().map(|rules| rules.outcome(verdict, matches)).unwrap_or_default()
}
