//! The tests of a run as it tells them: each as it ends, and what they make of the end. Called by `runner`.

use super::executing::Step;
use super::judging::{self, Judging, News};
use super::prepare::Prepared;
use super::telling::colours;
use super::{Run, Stage};
use crate::admission::Permit;
use crate::event::{Event, Pipe, TestResult};
use crate::job::Case;
use crate::judge::test::TestStatus;
use crate::judge::{self, End, Facts, Stop};
use std::sync::Arc;
use std::time::Duration;

impl Run {
    /// The program is ready: its tests begin.
    pub(super) fn judge(&mut self, permit: Permit, prepared: Prepared) {
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

    pub(super) async fn hear(&mut self, mut judging: Box<Judging>) {
        match judging.next().await {
            Some(News::Output { case: Some(case), pipe, at, data }) => self.tell_output(Some(case), pipe, at, data),
            Some(News::Line(case, line)) => self.tell_line(Some(case), line),
            Some(News::Output { case: None, pipe, at, data }) => self.hear_solution(pipe, at, data.into_bytes()),
            Some(News::Test(place, result)) => self.tell_test(place, result),
            None => return self.end_judged(),
        }
        self.stage = Stage::Judging(judging);
    }

    pub(super) fn tell_test(&mut self, place: usize, result: Arc<TestResult>) {
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
    pub(super) fn all_tests(&self) -> Vec<Arc<TestResult>> {
        if self.job.harness.is_some() {
            return self.tests.iter().flatten().cloned().collect();
        }
        let cases = self.job.tests.iter().flat_map(|tests| &tests.cases);
        let skipped = |case: &Arc<Case>| Arc::new(TestResult::silent(case.clone(), TestStatus::Skipped));
        cases.zip(&self.tests).map(|(case, test)| test.clone().unwrap_or_else(|| skipped(case))).collect()
    }
}
