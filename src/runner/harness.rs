//! Function-level tests: the tests' own sandbox calls the solution in another one, over crossed pipes, and reports each
//! test. Verdicts come from that report and from how both ended; a solution can only answer or die. Called by
//! `runner::judging` as the one lane of such a run.

use super::capture::Capture;
use super::duet::{Duet, Ended, Sieve, Sound};
use super::judging::{News, Shared, tell_stderr};
use super::order;
use super::prepare::Attempt;
use crate::admission::Permit;
use crate::engine::Room;
use crate::event::{Pipe, TestResult, Text};
use crate::job::{Case, Harness, Job, JobFile, JobPath};
use crate::judge::test::{Judged, TestStatus, of_end};
use crate::judge::{End, Facts};
use crate::limits::Limits;
use bytes::Bytes;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// What both say to each other, and report, in bytes each.
const TALK: u64 = 256 << 20;
/// How much longer than the solution the tests may take: they have to tell of its end.
const MORE: Duration = Duration::from_secs(5);
/// Tests that one harness may report.
const TESTS: usize = 10_000;
/// The name of what is told of the harness itself.
const ITSELF: &str = "(harness)";
/// The longest name of a test, and message.
const NAME: usize = 300;
const MESSAGE: usize = 4 << 10;

/// One line of the report.
#[derive(Deserialize)]
struct Line {
    test: Option<String>,
    status: Option<String>,
    message: Option<String>,
    time_ms: Option<f64>,
    done: Option<usize>,
}

struct Report<'a> {
    shared: &'a Shared,
    harness: &'a Harness,
    count: usize,
    /// The report says itself that it is whole.
    is_done: bool,
    /// Why the solution can't answer any more.
    solution_ended: Option<Judged>,
}

/// Runs the tests of a harness to their end, telling each.
pub(super) async fn run(shared: &Shared, harness: &Harness, permit: &Permit) {
    let mut report = Report { shared, harness, count: 0, is_done: false, solution_ended: None };
    let judged = attend(shared, harness, permit, &mut report).await;
    if let Some((status, message)) = judged {
        report.tell(ITSELF, status, message, Duration::ZERO).await;
    }
}

/// What is to be said of the harness itself; nothing where all went well.
async fn attend(shared: &Shared, harness: &Harness, permit: &Permit, report: &mut Report<'_>) -> Option<Judged> {
    let job = &shared.job;
    let failed = |why: String| Some((TestStatus::Internal, Some(why)));
    let (solution, tests) = orders(job, harness);
    let (Some(solution), Some(tests)) = (solution, tests) else { return failed("this language has no harness".to_owned()) };
    let file_count = shared.runner.settings.file_count;
    let lease = permit.lease();
    let parked = Box::new(move |parked| lease.set_parked(parked));
    let begin = async {
        let solution = Attempt::begin(&shared.runner, &Room::Cells, &order::guest(&solution, file_count), parked, &shared.cancel).await?;
        let tests =
            Attempt::begin(&shared.runner, &Room::Cells, &order::guest(&tests, file_count), Box::new(|_| {}), &shared.cancel).await?;
        Ok::<_, crate::engine::Fault>((solution, tests))
    };
    let (solution, tests) = match begin.await {
        Ok(both) => both,
        Err(fault) => return failed(fault.to_string()),
    };
    let mut duet = Duet::sieved(solution, tests, Sieve::default());
    let mut said = Capture::new(MESSAGE);
    let ended = loop {
        match duet.next().await {
            Sound::Program { pipe: Pipe::Stderr, at, bytes } => tell_stderr(shared, at, bytes).await,
            Sound::Program { pipe: Pipe::Stdout, .. } => {}
            Sound::ProgramEnded(facts) => report.solution_ended = of_end(&facts, None),
            Sound::Other { bytes, .. } => said.keep(&bytes),
            Sound::Reports { lines, stray } => {
                if stray || !report.take(&lines).await {
                    return Some((TestStatus::Faulty, Some("the harness reports what can't be read".to_owned())));
                }
            }
            Sound::Ended(ended) => break ended,
            Sound::Lost(why) => return failed(why),
        }
    };
    judge_itself(&ended, report, said)
}

fn judge_itself(ended: &Ended, report: &Report<'_>, mut said: Capture) -> Option<Judged> {
    let Ended { other, deadlock, .. } = ended;
    if report.is_done && other.end == End::Exit(0) {
        let nothing = || (TestStatus::Faulty, Some("the harness has no tests".to_owned()));
        return (report.count == 0).then(nothing);
    }
    if *deadlock {
        return Some((TestStatus::Error, Some("the solution does not answer".to_owned())));
    }
    // A solution that reached a limit explains a harness that did not get to its end.
    if let Some(judged) = report.solution_ended.clone().filter(|(status, _)| *status != TestStatus::Error) {
        return Some(judged);
    }
    let (_, why) = of_end(other, None).unwrap_or((TestStatus::Faulty, Some("ended before its report was whole".to_owned())));
    let said = match said.finish().0 {
        Text::Utf8(text) => text,
        Text::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let why = format!("the harness failed: {}\n{}", why.unwrap_or_default(), said.trim_end());
    Some((TestStatus::Faulty, Some(why.trim_end().to_owned())))
}

impl Report<'_> {
    /// False where a line is none of a report.
    async fn take(&mut self, lines: &[String]) -> bool {
        for line in lines {
            let Ok(Line { test, status, message, time_ms, done }) = serde_json::from_str(line) else { return false };
            if let Some(done) = done {
                self.is_done = done == self.count;
            }
            let (Some(name), Some(status)) = (test, status) else { continue };
            let status = match status.as_str() {
                "passed" => TestStatus::Passed,
                "failed" => TestStatus::Failed,
                "error" => TestStatus::Error,
                "skipped" => TestStatus::Skipped,
                _ => return false,
            };
            if self.count >= TESTS {
                return false;
            }
            // What the host measured of the solution says more than that it is gone.
            let (status, message) = match &self.solution_ended {
                Some(ended) if status == TestStatus::Error => ended.clone(),
                Some(_) | None => (status, message),
            };
            let time = Duration::try_from_secs_f64(time_ms.unwrap_or(0.0) / 1e3).unwrap_or_default();
            self.tell(&name, status, message, time).await;
        }
        true
    }

    async fn tell(&mut self, name: &str, status: TestStatus, message: Option<String>, time: Duration) {
        let id = name[..name.floor_char_boundary(NAME)].to_owned();
        let case = Case::found(id, self.harness.is_hidden, self.shared.job.limits.clone());
        let message = message.map(|text| text[..text.floor_char_boundary(MESSAGE)].to_owned());
        let facts = Some(Facts { execution: time, ..Facts::unmeasured(End::Exit(0)) });
        let result = TestResult { message, facts, ..TestResult::silent(Arc::new(case), status) };
        let place = self.count;
        self.count += 1;
        let _ = self.shared.news.send(News::Test(place, Arc::new(result))).await;
    }
}

/// Both sides as jobs: the language's own hosts, each with the files of its side.
fn orders(job: &Job, harness: &Harness) -> (Option<Job>, Option<Job>) {
    let hosts = job.toolchain.harness_files();
    let with = |files: &[JobFile]| Arc::new(files.iter().cloned().chain(hosts.iter().cloned()).collect::<Vec<_>>());
    let solution: Vec<String> =
        job.files.iter().filter(|file| job.toolchain.is_source(&file.path)).map(|file| file.path.as_str().to_owned()).collect();
    let tests = std::iter::once(harness.main.as_str().to_owned()).chain(solution.iter().cloned()).collect();
    let side = |host: &str, files, args, limits| {
        let main = JobPath::parse(&format!("{host}.{}", job.toolchain.extensions.first()?)).ok()?;
        let job = job.clone();
        Some(Job { files, main, args, limits, stdin: Bytes::new(), interactive: true, harness: None, ..job })
    };
    let talk = |limits: &Limits| Limits { output_bytes: limits.output_bytes.max(TALK), ..limits.clone() };
    let patient = Limits { wall: job.limits.wall + MORE, ..talk(&job.limits) };
    (side("solution_host", with(&job.files), solution, talk(&job.limits)), side("harness_host", with(&harness.files), tests, patient))
}
