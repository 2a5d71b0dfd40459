//! What happens in a run, as it travels from a worker to a gateway. Of a hidden test nothing travels but how it ended; what the gateway knows itself (tests, sizes,
//! what was told before) does not travel either. Pure.

use crate::event::{Compiled, Event, Line, Outcome, Pipe, TestResult, Text};
use crate::job::{Case, Job};
use crate::judge::colour::{self, Matches};
use crate::judge::test::TestStatus;
use crate::judge::{self, Facts, Verdict};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum EventWords<'a> {
    Queued {
        position: usize,
    },
    Preparing {
        what: Cow<'a, str>,
        share: f32,
    },
    Started,
    #[serde(borrow)]
    Compiled(CompiledWords<'a>),
    #[serde(borrow)]
    Test(TestWords<'a>),
    Output {
        test: Option<OfTest<'a>>,
        pipe: Pipe,
        seq: u64,
        at: Duration,
        #[serde(borrow)]
        data: TextWords<'a>,
    },
    Line {
        test: Option<OfTest<'a>>,
        #[serde(borrow)]
        line: LineWords<'a>,
    },
    Waiting,
    /// The program waits for something, or goes on: what the gateway's desk wants to know.
    Parked(bool),
    /// A piece of the files that the program left.
    Left(#[serde(with = "serde_bytes", borrow)] Cow<'a, [u8]>),
    #[serde(borrow)]
    Ended(Box<EndWords<'a>>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum TextWords<'a> {
    Utf8(Cow<'a, str>),
    Binary(#[serde(with = "serde_bytes", borrow)] Cow<'a, [u8]>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompiledWords<'a> {
    ok: bool,
    end: judge::End,
    #[serde(borrow)]
    output: TextWords<'a>,
    truncated: bool,
    time: Duration,
    cached: bool,
}

/// Which test.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum OfTest<'a> {
    /// The job's.
    Nth(usize),
    /// A harness's, which nobody knew before.
    Found { id: Cow<'a, str>, is_hidden: bool },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TestWords<'a> {
    test: OfTest<'a>,
    status: TestStatus,
    message: Option<Cow<'a, str>>,
    facts: Option<Facts>,
    #[serde(borrow)]
    stdout: TextWords<'a>,
    #[serde(borrow)]
    stderr: TextWords<'a>,
    stdout_truncated: bool,
    stderr_truncated: bool,
    out_size: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LineWords<'a> {
    pipe: Pipe,
    pos: u64,
    at: Duration,
    #[serde(borrow)]
    data: TextWords<'a>,
    is_cut: bool,
    is_last: bool,
}

/// The end, without what was told before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndWords<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) outcome: colour::Outcome,
    pub(crate) facts: Option<Facts>,
    #[serde(borrow)]
    pub(crate) stdout: TextWords<'a>,
    #[serde(borrow)]
    pub(crate) stderr: TextWords<'a>,
    pub(crate) stdout_truncated: bool,
    pub(crate) stderr_truncated: bool,
    pub(crate) in_size: u64,
    pub(crate) out_size: u64,
}

impl<'a> From<&'a Text> for TextWords<'a> {
    fn from(text: &'a Text) -> Self {
        match text {
            Text::Utf8(text) => Self::Utf8(Cow::Borrowed(text)),
            Text::Binary(bytes) => Self::Binary(Cow::Borrowed(bytes)),
        }
    }
}

impl From<TextWords<'_>> for Text {
    fn from(words: TextWords<'_>) -> Self {
        match words {
            TextWords::Utf8(text) => Self::Utf8(text.into_owned()),
            TextWords::Binary(bytes) => Self::Binary(bytes.into_owned().into()),
        }
    }
}

/// A run's tests by where they lie, and their place in its job. Addresses are compared and never followed.
pub(crate) struct Places(HashMap<usize, usize>);

impl Places {
    pub(crate) fn of(job: &Job) -> Self {
        let cases = job.tests.iter().flat_map(|tests| &tests.cases).enumerate();
        Self(cases.map(|(place, case)| (Arc::as_ptr(case).addr(), place)).collect())
    }

    fn test<'a>(&self, case: &'a Arc<Case>) -> OfTest<'a> {
        match self.0.get(&Arc::as_ptr(case).addr()) {
            Some(&place) => OfTest::Nth(place),
            None => OfTest::Found { id: Cow::Borrowed(&case.id), is_hidden: case.is_hidden },
        }
    }
}

/// An event for the wire.
pub(crate) fn words<'a>(event: &'a Event, places: &Places) -> EventWords<'a> {
    match event {
        Event::Queued { position } => EventWords::Queued { position: *position },
        Event::Preparing { what, share } => EventWords::Preparing { what: Cow::Borrowed(what), share: *share },
        // The gateway knows the engine from the language.
        Event::Started { engine: _ } => EventWords::Started,
        Event::Compiled(Compiled { ok, end, output, truncated, time, cached }) => EventWords::Compiled(CompiledWords {
            ok: *ok,
            end: end.clone(),
            output: output.into(),
            truncated: *truncated,
            time: *time,
            cached: *cached,
        }),
        Event::Test(result) => EventWords::Test(test_words(result, places)),
        Event::Output { test, pipe, seq, at, data } => {
            EventWords::Output { test: test.as_ref().map(|case| places.test(case)), pipe: *pipe, seq: *seq, at: *at, data: data.into() }
        }
        Event::Line { test, line: Line { pipe, pos, at, data, is_cut, is_last } } => EventWords::Line {
            test: test.as_ref().map(|case| places.test(case)),
            line: LineWords { pipe: *pipe, pos: *pos, at: *at, data: data.into(), is_cut: *is_cut, is_last: *is_last },
        },
        Event::Waiting => EventWords::Waiting,
        Event::Ended(outcome) => EventWords::Ended(Box::new(end_words(outcome))),
    }
}

fn test_words<'a>(result: &'a TestResult, places: &Places) -> TestWords<'a> {
    let TestResult { case, status, message, facts, stdout, stderr, stdout_truncated, stderr_truncated, out_size, matches: _ } = result;
    let shown = |text: &'a Text| if case.is_hidden { TextWords::Utf8(Cow::Borrowed("")) } else { text.into() };
    TestWords {
        test: places.test(case),
        status: *status,
        message: message.as_deref().filter(|_| !case.is_hidden).map(Cow::Borrowed),
        facts: facts.clone(),
        stdout: shown(stdout),
        stderr: shown(stderr),
        stdout_truncated: *stdout_truncated,
        stderr_truncated: *stderr_truncated,
        out_size: *out_size,
    }
}

fn end_words(told: &Outcome) -> EndWords<'_> {
    let Outcome { verdict, outcome, compiled: _, tests: _, facts, stdout, stderr, stdout_truncated, stderr_truncated, .. } = told;
    let Outcome { files: _, workspace: _, queue_time: _, code_size: _, in_size, out_size, .. } = told;
    EndWords {
        verdict: verdict.clone(),
        outcome: outcome.clone(),
        facts: facts.clone(),
        stdout: stdout.into(),
        stderr: stderr.into(),
        stdout_truncated: *stdout_truncated,
        stderr_truncated: *stderr_truncated,
        in_size: *in_size,
        out_size: *out_size,
    }
}

/// What a gateway hears.
#[derive(Debug)]
pub(crate) enum Told {
    Event(Event),
    /// With its place.
    Test(usize, Arc<TestResult>),
    Parked(bool),
    Left(Vec<u8>),
    Ended(Box<End>),
}

/// How a worker's run ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) verdict: Verdict,
    pub(crate) outcome: colour::Outcome,
    pub(crate) facts: Option<Facts>,
    pub(crate) stdout: Text,
    pub(crate) stderr: Text,
    pub(crate) stdout_truncated: bool,
    pub(crate) stderr_truncated: bool,
    pub(crate) in_size: u64,
    pub(crate) out_size: u64,
}

/// Reads one run's events. Tests that a harness finds are counted as they end.
#[derive(Default)]
pub(crate) struct Reader {
    found: usize,
}

impl Reader {
    /// None for what names a test that is none.
    pub(crate) fn told(&mut self, words: EventWords<'_>, job: &Job) -> Option<Told> {
        Some(match words {
            EventWords::Queued { position } => Told::Event(Event::Queued { position }),
            EventWords::Preparing { what, share } => Told::Event(Event::Preparing { what: what.into_owned(), share }),
            EventWords::Started => Told::Event(Event::Started { engine: job.toolchain.kind.engine() }),
            EventWords::Compiled(CompiledWords { ok, end, output, truncated, time, cached }) => {
                Told::Event(Event::Compiled(Compiled { ok, end, output: output.into(), truncated, time, cached }))
            }
            EventWords::Test(words) => {
                let (place, result) = self.result(words, job)?;
                Told::Test(place, Arc::new(result))
            }
            EventWords::Output { test, pipe, seq, at, data } => {
                let test = of_test(test, job)?;
                Told::Event(Event::Output { test, pipe, seq, at, data: data.into() })
            }
            EventWords::Line { test, line: LineWords { pipe, pos, at, data, is_cut, is_last } } => {
                let test = of_test(test, job)?;
                Told::Event(Event::Line { test, line: Line { pipe, pos, at, data: data.into(), is_cut, is_last } })
            }
            EventWords::Waiting => Told::Event(Event::Waiting),
            EventWords::Parked(parked) => Told::Parked(parked),
            EventWords::Left(bytes) => Told::Left(bytes.into_owned()),
            EventWords::Ended(words) => Told::Ended(Box::new(end(*words))),
        })
    }

    fn result(&mut self, words: TestWords<'_>, job: &Job) -> Option<(usize, TestResult)> {
        let TestWords { test, status, message, facts, stdout, stderr, stdout_truncated, stderr_truncated, out_size } = words;
        let place = match test {
            OfTest::Nth(place) => place,
            OfTest::Found { .. } => {
                self.found += 1;
                self.found - 1
            }
        };
        let (case, message) = (case(test, job)?, message.map(Cow::into_owned));
        let (stdout, stderr, matches) = (stdout.into(), stderr.into(), Matches::default());
        Some((place, TestResult { case, status, message, facts, stdout, stderr, stdout_truncated, stderr_truncated, out_size, matches }))
    }
}

/// None where there is none such; nothing of no test.
fn of_test(test: Option<OfTest<'_>>, job: &Job) -> Option<Option<Arc<Case>>> {
    test.map_or(Some(None), |test| case(test, job).map(Some))
}

fn case(test: OfTest<'_>, job: &Job) -> Option<Arc<Case>> {
    match test {
        OfTest::Nth(place) => job.tests.as_ref()?.cases.get(place).cloned(),
        OfTest::Found { id, is_hidden } => {
            // What the job hides stays hidden, whatever a worker says.
            let is_hidden = is_hidden || job.harness.as_ref().is_none_or(|harness| harness.is_hidden);
            Some(Arc::new(Case::found(id.into_owned(), is_hidden, job.limits.clone())))
        }
    }
}

fn end(words: EndWords<'_>) -> End {
    let EndWords { verdict, outcome, facts, stdout, stderr, stdout_truncated, stderr_truncated, in_size, out_size } = words;
    End { verdict, outcome, facts, stdout: stdout.into(), stderr: stderr.into(), stdout_truncated, stderr_truncated, in_size, out_size }
}
