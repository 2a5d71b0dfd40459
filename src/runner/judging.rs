//! The tests of a run: each an execution of its own, several at once where there is room, told as each ends. A lane runs
//! one test after the other; the first has the run's own permit and room, others come while nobody waits in the
//! queue. Called by `runner` once the program is ready; a `Judging` is polled like its run.

use super::capture::Capture;
use super::lines::Lines;
use super::prepare::{Attempt, Prepared, Progress, Unprepared, prepare};
use super::{Runner, duet, harness};
use crate::admission::Permit;
use crate::event::{Line, Pipe, TestResult, Text};
use crate::job::{Case, Harness, Helper, Job, JobFile, JobPath, Judging as By, Stream, Style, Tests};
use crate::judge::colour::Scan;
use crate::judge::compare::{Compare, Comparison};
use crate::judge::test::{Judged, TestStatus, of_end, of_helper};
use crate::judge::{self, Facts};
use crate::limits::Limits;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// News of lanes that wait to be told; a lane that finds no room waits, and its program with it.
const NEWS: usize = 16;
/// Output of one test that comes back with its result.
const CAPTURE: usize = 64 << 10;
/// Of all tests together; those after that bring their first bytes only.
const CAPTURE_ALL: usize = 16 << 20;
const CAPTURE_LEAST: usize = 256;
/// What a checker or an interactor has to say.
const MESSAGE: usize = 4 << 10;

pub(super) struct Judging {
    shared: Arc<Shared>,
    lanes: FuturesUnordered<BoxFuture<'static, ()>>,
    news: mpsc::Receiver<News>,
}

pub(super) enum News {
    Output {
        case: Option<Arc<Case>>,
        pipe: Pipe,
        at: Duration,
        data: Text,
    },
    Line(Arc<Case>, Line),
    /// With its place in the job.
    Test(usize, Arc<TestResult>),
}

/// What all lanes of a run have in common.
pub(super) struct Shared {
    pub(super) runner: Arc<Runner>,
    pub(super) job: Arc<Job>,
    tests: Tests,
    next: AtomicUsize,
    /// Nothing more is begun.
    stopped: AtomicBool,
    captured: AtomicUsize,
    pub(super) cancel: CancellationToken,
    pub(super) news: mpsc::Sender<News>,
}

impl Judging {
    pub(super) fn begin(
        runner: Arc<Runner>,
        job: Arc<Job>,
        tests: Tests,
        cancel: CancellationToken,
        permit: Permit,
        prepared: Prepared,
    ) -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        let shared = Arc::new(Shared::new(runner, job, tests, cancel, sender));
        let lanes = FuturesUnordered::new();
        lanes.push(Lane { shared: shared.clone(), permit, prepared: Some(prepared), helper: None, is_extra: false }.run());
        Self { shared, lanes, news }
    }

    /// The tests of a harness: one lane, which finds out itself which they are.
    pub(super) fn begin_harness(runner: Arc<Runner>, job: Arc<Job>, harness: Harness, cancel: CancellationToken, permit: Permit) -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        let tests = Tests { cases: Vec::new(), judging: By::Compare(Compare::Lines), stop_on_failure: false };
        let shared = Arc::new(Shared::new(runner, job, tests, cancel, sender));
        let lanes = FuturesUnordered::<BoxFuture<'static, ()>>::new();
        let lane = shared.clone();
        lanes.push(Box::pin(async move { harness::run(&lane, &harness, &permit).await }));
        Self { shared, lanes, news }
    }

    /// What happens next; None when all tests are done. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<News> {
        loop {
            self.widen();
            tokio::select! {
                biased;
                Some(news) = self.news.recv() => return Some(news),
                lane = self.lanes.next() => if lane.is_none() {
                    return self.news.try_recv().ok();
                }
            }
        }
    }

    /// More lanes, while there are tests for them and room that nobody waits for. Containers hold one lane: what a test costs
    /// there is a thousandth of what another container would.
    fn widen(&mut self) {
        let shared = &self.shared;
        if shared.tests.stop_on_failure || matches!(shared.job.toolchain.kind, crate::toolchain::Kind::Docker(_)) {
            return;
        }
        while self.lanes.len() < shared.runner.settings.lanes && shared.left() > 0 {
            let Some(permit) = shared.runner.admissions.of(&shared.job).enter_if_idle(&shared.job.client) else { return };
            let prepared = Prepared { room: crate::engine::Room::Cells, product: None, made: None };
            self.lanes.push(Lane { shared: shared.clone(), permit, prepared: Some(prepared), helper: None, is_extra: true }.run());
        }
    }
}

impl Shared {
    fn new(runner: Arc<Runner>, job: Arc<Job>, tests: Tests, cancel: CancellationToken, news: mpsc::Sender<News>) -> Self {
        let (next, stopped, captured) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
        Self { runner, job, tests, next, stopped, captured, cancel, news }
    }

    fn left(&self) -> usize {
        if self.stopped.load(Ordering::Relaxed) || self.cancel.is_cancelled() {
            return 0;
        }
        self.tests.cases.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }

    fn take(&self) -> Option<(usize, Arc<Case>)> {
        if self.left() == 0 {
            return None;
        }
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        self.tests.cases.get(place).map(|case| (place, case.clone()))
    }

    fn capture(&self) -> usize {
        if self.captured.load(Ordering::Relaxed) < CAPTURE_ALL { CAPTURE } else { CAPTURE_LEAST }
    }
}

struct Lane {
    shared: Arc<Shared>,
    permit: Permit,
    /// None after its room was lost.
    prepared: Option<Prepared>,
    /// Of the checker or the interactor; made when it is needed first.
    helper: Option<Prepared>,
    is_extra: bool,
}

/// What one test has shown so far.
struct Seen {
    captures: [Capture; 2],
    /// Only where it may be seen.
    scan: Option<Scan>,
    lines: Option<[Lines; 2]>,
    told: bool,
    /// When it was heard last.
    last: Duration,
}

impl Seen {
    fn new(shared: &Shared, case: &Case) -> Self {
        let is_shown = !case.is_hidden;
        let scan = is_shown.then(|| Scan::new(shared.job.rules.as_ref())).flatten();
        let lines = is_shown.then(|| Lines::both(shared.job.stream)).flatten();
        Self { captures: Capture::both(shared.capture()), scan, lines, told: false, last: Duration::ZERO }
    }
}

/// An execution of the program with what it said.
struct Done {
    facts: Facts,
    judged: Judged,
}

/// Why a test has no result of its own.
enum Failed {
    /// An executor was lost: it may go better the next time.
    Lost(String),
    Faulty(String),
    Cancelled,
}

impl Lane {
    fn run(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while let Some((place, case)) = self.shared.take() {
                let result = self.judge(&case).await;
                if !result.status.is_good() && self.shared.tests.stop_on_failure {
                    self.shared.stopped.store(true, Ordering::Relaxed);
                }
                let shown = result.stdout.len() + result.stderr.len();
                self.shared.captured.fetch_add(shown, Ordering::Relaxed);
                let _ = self.shared.news.send(News::Test(place, Arc::new(result))).await;
                // What is spare is spare as long as nobody waits.
                if self.is_extra && self.shared.runner.admissions.of(&self.shared.job).load().1 > 0 {
                    break;
                }
            }
            for prepared in [self.prepared.take(), self.helper.take()].into_iter().flatten() {
                prepared.leave();
            }
        })
    }

    /// One test, tried once more where an executor was lost and nobody has seen anything of it.
    async fn judge(&mut self, case: &Arc<Case>) -> TestResult {
        let mut retried = false;
        loop {
            let mut seen = Seen::new(&self.shared, case);
            let result = |seen: Seen, facts, (status, message): Judged| {
                let [mut stdout, mut stderr] = seen.captures;
                let out_size = stdout.total() + stderr.total();
                let ((stdout, stdout_truncated), (stderr, stderr_truncated)) = (stdout.finish(), stderr.finish());
                let (case, matches) = (case.clone(), seen.scan.map(Scan::finish).unwrap_or_default());
                TestResult { case, status, message, facts, stdout, stderr, stdout_truncated, stderr_truncated, out_size, matches }
            };
            let why = match self.attempt(case, &mut seen).await {
                Ok(Done { facts, judged, .. }) => return result(seen, Some(facts), judged),
                Err(Failed::Faulty(why)) => return result(seen, None, (TestStatus::Faulty, Some(why))),
                Err(Failed::Cancelled) => return result(seen, None, (TestStatus::Skipped, None)),
                Err(Failed::Lost(why)) => why,
            };
            // Whatever is left of these rooms is not to be trusted.
            (self.prepared, self.helper) = (None, None);
            if seen.told {
                let last = seen.last;
                tell_rest(&self.shared, case, &mut seen, last).await;
            }
            if seen.told || std::mem::replace(&mut retried, true) {
                return result(seen, None, (TestStatus::Internal, Some(why)));
            }
            tracing::warn!("runs a test again: {why}");
        }
    }

    async fn attempt(&mut self, case: &Arc<Case>, seen: &mut Seen) -> Result<Done, Failed> {
        if self.prepared.is_none() {
            let shared = self.shared.clone();
            self.prepared = Some(prepare(&shared.runner, &shared.job, &shared.cancel).await.map_err(program_failed)?);
        }
        match &self.shared.tests.judging.clone() {
            By::Compare(how) => self.compared(case, how, seen).await,
            By::Checker(helper) => self.checked(case, helper, seen).await,
            By::Interactor(helper) => self.interacted(case, helper, seen).await,
        }
    }

    /// The program alone, its output held against what is expected as it comes.
    async fn compared(&mut self, case: &Arc<Case>, how: &Compare, seen: &mut Seen) -> Result<Done, Failed> {
        let mut comparison = case.expected.as_ref().map(|expected| Comparison::new(how, expected));
        let facts = self.execute(case, seen, |bytes| {
            if let Some(comparison) = &mut comparison {
                comparison.feed(bytes);
            }
        });
        let facts = facts.await?;
        let judged = of_end(&facts, case.expected_exit).unwrap_or_else(|| match comparison.map(Comparison::finish) {
            None => (TestStatus::Ran, None),
            Some(None) => (TestStatus::Passed, None),
            Some(Some(difference)) => (TestStatus::Failed, Some(difference.to_string())),
        });
        Ok(Done { facts, judged })
    }

    /// The program alone, and then the checker with its whole output.
    async fn checked(&mut self, case: &Arc<Case>, helper: &Helper, seen: &mut Seen) -> Result<Done, Failed> {
        let mut whole = Vec::new();
        let facts = self.execute(case, seen, |bytes| whole.extend_from_slice(bytes)).await?;
        let judged = match of_end(&facts, case.expected_exit) {
            Some(judged) => judged,
            None => {
                let (ended, said) = self.check(case, helper, whole.into()).await?;
                by_helper(of_helper(&ended, helper.style), said, "checker")
            }
        };
        Ok(Done { facts, judged })
    }

    /// Runs the program of a test. What it writes is kept, told where it may be seen, and given to `take`.
    async fn execute(&mut self, case: &Arc<Case>, seen: &mut Seen, mut take: impl FnMut(&[u8]) + Send) -> Result<Facts, Failed> {
        let shared = self.shared.clone();
        let Some(prepared) = &mut self.prepared else { return Err(Failed::Lost("no room".to_owned())) };
        let job = job_of(&shared.job, case, false);
        let order = prepared.order(&shared.runner, &job);
        let lease = self.permit.lease();
        let parked = Box::new(move |parked| lease.set_parked(parked));
        let attempt = Attempt::begin(&shared.runner, &prepared.room, &order, parked, &shared.cancel).await;
        let mut attempt = attempt.map_err(|fault| Failed::Lost(fault.to_string()))?;
        loop {
            match attempt.next().await {
                Progress::Output { pipe, at, bytes } => {
                    if pipe == Pipe::Stdout {
                        take(&bytes);
                    }
                    tell(&shared, case, seen, (pipe, at, bytes)).await;
                }
                Progress::Waiting(_) => {}
                Progress::Ended(facts) => {
                    tell_rest(&shared, case, seen, facts.wall).await;
                    return Ok(facts);
                }
                Progress::Lost(why) => return Err(Failed::Lost(why)),
            }
        }
    }

    /// Runs the checker: how it ended, and what it said.
    async fn check(&mut self, case: &Case, helper: &Helper, output: Bytes) -> Result<(Facts, String), Failed> {
        let shared = self.shared.clone();
        let job = helper_job(helper, case, Some(&output));
        let prepared = self.helper_room(helper).await?;
        let order = prepared.order(&shared.runner, &job);
        let attempt = Attempt::begin(&shared.runner, &prepared.room, &order, Box::new(|_| {}), &shared.cancel).await;
        let mut attempt = attempt.map_err(|fault| Failed::Lost(fault.to_string()))?;
        let mut said = Capture::both(MESSAGE);
        loop {
            match attempt.next().await {
                Progress::Output { pipe, bytes, .. } => said[pipe as usize].keep(&bytes),
                Progress::Waiting(_) => {}
                Progress::Ended(facts) => return Ok((facts, words(said))),
                Progress::Lost(why) => return Err(Failed::Lost(why)),
            }
        }
    }

    async fn helper_room(&mut self, helper: &Helper) -> Result<&mut Prepared, Failed> {
        if self.helper.is_none() {
            let prepared = prepare(&self.shared.runner, &helper.job, &self.shared.cancel).await;
            self.helper = Some(prepared.map_err(helper_failed)?);
        }
        self.helper.as_mut().ok_or_else(|| Failed::Lost("no room".to_owned()))
    }

    /// The program and the interactor at once, each with the other's output as its input.
    async fn interacted(&mut self, case: &Arc<Case>, helper: &Helper, seen: &mut Seen) -> Result<Done, Failed> {
        let shared = self.shared.clone();
        self.helper_room(helper).await?;
        let (Some(program), Some(interactor)) = (&mut self.prepared, &mut self.helper) else {
            return Err(Failed::Lost("no room".to_owned()));
        };
        let order = program.order(&shared.runner, &job_of(&shared.job, case, true));
        let other = interactor.order(&shared.runner, &helper_job(helper, case, None));
        let lease = self.permit.lease();
        let parked = Box::new(move |parked| lease.set_parked(parked));
        let rooms = (&program.room, &interactor.room);
        let begun = shared.runner.engines.execute_crossed(rooms, (&order, parked), (&other, Box::new(|_| {}))).await;
        let (program, interactor, is_crossed) = begun.map_err(|fault| Failed::Lost(fault.to_string()))?;
        let attempt = |execution| Attempt::of(execution, &shared.cancel);
        let mut duet = duet::Duet::new(attempt(program), attempt(interactor), is_crossed);
        let (mut said, mut last) = (Capture::both(MESSAGE), Duration::ZERO);
        let ended = loop {
            match duet.next().await {
                duet::Sound::Program { pipe, at, bytes } => {
                    last = at;
                    tell(&shared, case, seen, (pipe, at, bytes)).await;
                }
                duet::Sound::Other { pipe: Pipe::Stderr, bytes } => said[1].keep(&bytes),
                duet::Sound::Other { pipe: Pipe::Stdout, .. } | duet::Sound::ProgramEnded(_) | duet::Sound::Reports { .. } => {}
                duet::Sound::Ended(ended) => break ended,
                duet::Sound::Lost(why) => return Err(Failed::Lost(why)),
            }
        };
        tell_rest(&shared, case, seen, last).await;
        let duet::Ended { program, other, other_first, deadlock, starved } = *ended;
        if starved {
            let why = "the interactor did not answer while the program waited for it";
            return Ok(Done { facts: program, judged: (TestStatus::Faulty, Some(why.to_owned())) });
        }
        if deadlock {
            let why = "the program and the interactor both wait for input";
            return Ok(Done { facts: program, judged: (TestStatus::Failed, Some(why.to_owned())) });
        }
        let verdict = of_helper(&other, helper.style);
        let own = of_end(&program, case.expected_exit);
        let judged = match (own, verdict) {
            // Whoever ended first was not disturbed by the other's end.
            (_, Ok(false)) if other_first => by_helper(Ok(false), words(said), "interactor"),
            (Some(own), _) if !other_first || own.0 != TestStatus::Error => own,
            (Some(own), Ok(true)) => own,
            (_, verdict) => by_helper(verdict, words(said), "interactor"),
        };
        if judged.0 == TestStatus::Skipped {
            return Err(Failed::Cancelled);
        }
        Ok(Done { facts: program, judged })
    }
}

fn program_failed(unprepared: Unprepared) -> Failed {
    match unprepared {
        // It did compile before.
        Unprepared::Compile(why, _) | Unprepared::Fault(why) => Failed::Lost(why),
        Unprepared::Cancelled => Failed::Cancelled,
    }
}

fn helper_failed(unprepared: Unprepared) -> Failed {
    match unprepared {
        Unprepared::Compile(why, Text::Utf8(said)) => {
            Failed::Faulty(format!("the judge's program does not compile: {why}\n{}", said.trim_end()))
        }
        Unprepared::Compile(why, Text::Binary(_)) => Failed::Faulty(format!("the judge's program does not compile: {why}")),
        Unprepared::Fault(why) => Failed::Lost(why),
        Unprepared::Cancelled => Failed::Cancelled,
    }
}

fn by_helper(verdict: Result<bool, String>, said: String, who: &str) -> Judged {
    let said = (!said.is_empty()).then_some(said);
    match verdict {
        Ok(true) => (TestStatus::Passed, said),
        Ok(false) => (TestStatus::Failed, said),
        Err(why) => (TestStatus::Faulty, Some(said.map_or_else(|| format!("the {who} {why}"), |said| format!("the {who} {why}: {said}")))),
    }
}

/// What a helper said: on stdout, or else on stderr.
fn words(said: [Capture; 2]) -> String {
    let [mut stdout, mut stderr] = said;
    let texts = [stdout.finish().0, stderr.finish().0].map(|text| match text {
        Text::Utf8(text) => text.trim_end().to_owned(),
        Text::Binary(bytes) => String::from_utf8_lossy(&bytes).trim_end().to_owned(),
    });
    let [stdout, stderr] = texts;
    if stdout.is_empty() { stderr } else { stdout }
}

/// Keeps what a test's program wrote, and tells it where it may be seen.
async fn tell(shared: &Shared, case: &Arc<Case>, seen: &mut Seen, (pipe, at, bytes): (Pipe, Duration, Vec<u8>)) {
    let capture = &mut seen.captures[pipe as usize];
    capture.keep(&bytes);
    seen.last = at;
    if let Some(scan) = &mut seen.scan {
        scan.feed(pipe, &bytes);
    }
    if let Some(lines) = &mut seen.lines {
        for line in lines[pipe as usize].feed(at, &bytes) {
            seen.told = true;
            let _ = shared.news.send(News::Line(case.clone(), line)).await;
        }
    }
    if case.is_hidden || shared.job.stream != Stream::Live {
        return;
    }
    if let Some(data) = capture.whole_characters(bytes) {
        seen.told = true;
        let _ = shared.news.send(News::Output { case: Some(case.clone()), pipe, at, data }).await;
    }
}

async fn tell_rest(shared: &Shared, case: &Arc<Case>, seen: &mut Seen, at: Duration) {
    for lines in seen.lines.take().into_iter().flatten() {
        let _ = shared.news.send(News::Line(case.clone(), lines.finish(at))).await;
    }
    for pipe in [Pipe::Stdout, Pipe::Stderr] {
        if !case.is_hidden
            && shared.job.stream == Stream::Live
            && let Some(data) = seen.captures[pipe as usize].rest()
        {
            let _ = shared.news.send(News::Output { case: Some(case.clone()), pipe, at, data }).await;
        }
    }
}

/// Tells what a solution wrote to stderr, where whole characters are the driver's doing: it writes text.
pub(super) async fn tell_stderr(shared: &Shared, at: Duration, bytes: Vec<u8>) {
    let _ = shared.news.send(News::Output { case: None, pipe: Pipe::Stderr, at, data: Text::from_bytes(bytes) }).await;
}

/// The job as one of its tests has it.
fn job_of(job: &Job, case: &Case, interactive: bool) -> Job {
    let Case { input, args, files, limits, .. } = case;
    let (files, args, limits) = (files.clone(), args.clone(), limits.clone());
    let stdin = if interactive { Bytes::new() } else { input.clone() };
    Job { files, args, limits, stdin, interactive, tests: None, meta: None, ..job.clone() }
}

/// A helper's job for one test: the files that it is called with, and how. `output` is there for a checker.
fn helper_job(helper: &Helper, case: &Case, output: Option<&Bytes>) -> Job {
    let Helper { job, style } = helper;
    let mut files = job.files.to_vec();
    let mut args = Vec::new();
    let mut put = |name: &str, content: &Bytes| {
        if let Ok(path) = JobPath::parse(name) {
            files.push(JobFile { path, content: content.clone(), about: None });
        }
    };
    let answer = case.expected.clone().unwrap_or_default();
    put("input", &case.input);
    put("answer", &answer);
    args.push("input");
    match style {
        Style::Runnel | Style::Testlib => {
            put("output", output.unwrap_or(&Bytes::new()));
            args.extend(["output", "answer"]);
        }
        Style::Kattis => {
            // A file makes the folder.
            put("feedback/.keep", &Bytes::new());
            args.extend(["answer", "feedback/"]);
        }
    }
    let args = args.into_iter().map(str::to_owned).chain(job.args.iter().cloned()).collect();
    let limits = Limits {
        file_bytes: job.limits.file_bytes.max(2 * files.iter().map(|file| file.content.len() as u64).sum::<u64>()),
        ..job.limits.clone()
    };
    let stdin = output.cloned().unwrap_or_default();
    Job { files: Arc::new(files), args, limits, stdin, interactive: output.is_none(), ..(**job).clone() }
}

/// How the program of a test ended, as a run's own verdict.
pub(super) fn verdict_of(result: &TestResult) -> judge::Verdict {
    match &result.facts {
        Some(facts) => judge::verdict(facts),
        None => {
            let status = if result.status == TestStatus::Internal { judge::Status::Internal } else { judge::Status::Cancelled };
            judge::Verdict { status, exit_code: None, signal: None, message: result.message.clone() }
        }
    }
}
