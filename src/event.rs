//! What happens in a run, as a stream with exactly one end. Made by the runner, rendered by the doors.

use crate::job::Case;
use crate::judge::colour::{self, Matches};
use crate::judge::test::TestStatus;
use crate::judge::{End, Facts, Verdict};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

pub use runnel_link::Pipe;

#[derive(Debug)]
pub enum Event {
    /// Waits for a free place; 0 is next.
    Queued {
        position: usize,
    },
    /// The language is being made ready; `share` of that is done.
    Preparing {
        what: String,
        share: f32,
    },
    Started {
        engine: &'static str,
    },
    /// The compile step is over, or its product was at hand.
    Compiled(Compiled),
    /// A test has ended.
    Test(Arc<TestResult>),
    /// A piece of output; a character is never split between two of them.
    Output {
        /// Of which test.
        test: Option<Arc<Case>>,
        pipe: Pipe,
        seq: u64,
        at: Duration,
        data: Text,
    },
    /// A whole line of output, or what the program left after the last one.
    Line {
        test: Option<Arc<Case>>,
        line: Line,
    },
    /// The program waits for input.
    Waiting,
    /// Always the last.
    Ended(Box<Outcome>),
}

/// A line of one stream.
#[derive(Debug)]
pub struct Line {
    pub pipe: Pipe,
    /// Counted per stream, from 0 without gaps.
    pub pos: u64,
    /// When its first byte was written.
    pub at: Duration,
    /// Without its newline, up to the width that was asked for.
    pub data: Text,
    /// Its end is missing.
    pub is_cut: bool,
    /// The stream is over; there is no newline after this one, and often nothing in it.
    pub is_last: bool,
}

/// Bytes that are text, or are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    Utf8(String),
    Binary(Bytes),
}

impl Text {
    pub fn len(&self) -> usize {
        match self {
            Self::Utf8(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Utf8(text) => text.into_bytes(),
            Self::Binary(bytes) => bytes.into(),
        }
    }

    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Utf8(text),
            Err(fault) => Self::Binary(fault.into_bytes().into()),
        }
    }
}

/// How a compile step went.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub ok: bool,
    /// How the compiler ended; as well as ever where it was not needed.
    pub end: End,
    /// What the compiler said, both pipes in the order in which it came.
    pub output: Text,
    pub truncated: bool,
    pub time: Duration,
    /// Nothing was compiled: the same sources were before.
    pub cached: bool,
}

/// How a test ended and what its program left.
#[derive(Debug)]
pub struct TestResult {
    pub case: Arc<Case>,
    pub status: TestStatus,
    pub message: Option<String>,
    /// None where nothing was measured.
    pub facts: Option<Facts>,
    pub stdout: Text,
    pub stderr: Text,
    pub stdout_truncated: bool,
    pub stderr_truncated: bool,
    pub out_size: u64,
    /// What the patterns of the job's rules found; nothing where it is hidden.
    pub matches: Matches,
}

impl TestResult {
    /// One of which nothing was heard and measured, such as one that was not run.
    pub fn silent(case: Arc<Case>, status: TestStatus) -> Self {
        let nothing = || Text::Utf8(String::new());
        Self {
            case,
            status,
            message: None,
            facts: None,
            stdout: nothing(),
            stderr: nothing(),
            stdout_truncated: false,
            stderr_truncated: false,
            out_size: 0,
            matches: Matches::default(),
        }
    }
}

/// The files that a program left, as far as its client asked.
#[derive(Debug, Default)]
pub struct FilesLeft {
    pub created: Vec<(String, FileLeft)>,
    pub changed: Vec<(String, FileLeft)>,
    pub deleted: Vec<String>,
    /// There is more than was asked for at most.
    pub truncated: bool,
}

#[derive(Debug)]
pub struct FileLeft {
    pub data: Text,
    pub truncated: bool,
}

/// What became of a run's workspace.
#[derive(Debug)]
pub struct Saved {
    pub name: String,
    /// Why what the program left was not kept.
    pub fault: Option<String>,
}

/// How a run ended and what it left.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// What the job's rules make of it.
    pub outcome: colour::Outcome,
    /// None where nothing was compiled.
    pub compiled: Option<Compiled>,
    /// In the order of the job; None where it has no tests.
    pub tests: Option<Vec<Arc<TestResult>>>,
    /// None where no execution was measured: cancelled in the queue, or lost with its executor.
    pub facts: Option<Facts>,
    pub stdout: Text,
    pub stderr: Text,
    pub stdout_truncated: bool,
    pub stderr_truncated: bool,
    /// None where the job did not ask, or no program ran.
    pub files: Option<FilesLeft>,
    /// None for a run without a workspace.
    pub workspace: Option<Saved>,
    pub queue_time: Duration,
    pub code_size: u64,
    pub in_size: u64,
    pub out_size: u64,
}
