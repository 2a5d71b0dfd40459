//! What is asked: a job exists only if it can be run. Built by `protocol::parse` and the shell door, read by the
//! runner. Pure words: no I/O, no JSON (the caller's `meta` is kept as the text it came as). Those without a bound to check travel between gateway and
//! worker as they are.

use crate::judge::colour::Rules;
use crate::judge::compare::Compare;
use crate::limits::Limits;
use crate::toolchain::Toolchain;
use bytes::Bytes;
pub use runnel_link::About;
use runnel_link::is_within;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::SystemTime;

/// One run that was accepted for parsing: everything in it has been checked.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub toolchain: Arc<Toolchain>,
    pub files: Arc<Vec<JobFile>>,
    /// One of `files`, the one that is started.
    pub main: JobPath,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub stdin: Bytes,
    /// More stdin may come after the start; otherwise the program sees its end after `stdin`.
    pub interactive: bool,
    pub limits: Limits,
    pub deterministic: Option<Deterministic>,
    pub wishes: Wishes,
    /// Where it runs, where that outlives it.
    pub workspace: Option<InWorkspace>,
    /// What is told of the files that its program leaves.
    pub collect: Option<Collect>,
    /// These come as they are, for a gateway that keeps the workspace: pieces between the last output and the end.
    pub handed: Option<Handed>,
    /// Folders and links that come with a workspace.
    pub places: Arc<Vec<Place>>,
    /// Set by the door.
    pub owner: Owner,
    /// Set by the door.
    pub client: Client,
    pub priority: Priority,
    /// None: one execution with `stdin`.
    pub tests: Option<Tests>,
    /// Tests that call the program's functions; not together with `tests`.
    pub harness: Option<Harness>,
    /// What gives the run its colour: the job's own, or else its toolchain's.
    pub rules: Option<Arc<Rules>>,
    pub stream: Stream,
    pub meta: Option<String>,
    /// The caller's span, for an operator who joins traces.
    pub trace: Option<TraceParent>,
}

/// A span of somebody else, as W3C's `traceparent` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceParent {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    pub sampled: bool,
}

impl TraceParent {
    /// None for what is none. Later versions may say more at the end.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = || parts.next().filter(|part| !part.bytes().any(|byte| byte.is_ascii_uppercase()));
        let (version, trace, span, flags) = (from_hex::<1>(next()?)?, from_hex(next()?)?, from_hex(next()?)?, from_hex::<1>(next()?)?);
        let is_known = version != [0xff] && (version != [0] || parts.next().is_none());
        (is_known && trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, sampled: flags[0] & 1 == 1 })
    }
}

/// As many bytes as there are, in digits of either case.
pub fn from_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| u8::try_from(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?).ok()).collect();
    bytes?.try_into().ok()
}

#[derive(Clone, Debug)]
pub struct JobFile {
    pub path: JobPath,
    pub content: Bytes,
    /// None: a plain file, as of now.
    pub about: Option<About>,
}

/// What is no file, and comes with a workspace.
#[derive(Clone, Debug)]
pub struct Place {
    pub path: JobPath,
    pub what: Placing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placing {
    Folder,
    Link(String),
}

/// What a job may say of the container that runs it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// In place of the toolchain's compile and run steps.
    pub command: Option<Vec<String>>,
    /// In place of the toolchain's image; on the operator's list.
    pub image: Option<String>,
    /// The program has a terminal.
    pub terminal: bool,
    /// For the compile step, which has a place for them.
    pub compile_args: Vec<String>,
    /// The same, behind the sources.
    pub link_args: Vec<String>,
}

/// A run in a workspace: `files` are those that are new there.
#[derive(Clone, Debug)]
pub struct InWorkspace {
    pub name: String,
    pub remove: Vec<JobPath>,
}

/// Which files come back with the result.
#[derive(Clone, Debug)]
pub struct Collect {
    /// These and what is below them, of whatever bytes.
    pub paths: Vec<JobPath>,
    /// All others that are new or not as they were, as far as they are text.
    pub changes: bool,
    pub max_files: usize,
    pub max_bytes: u64,
}

/// Which of the files that a program leaves are handed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Handed {
    All,
    /// These and what is below them.
    Named(Vec<String>),
}

/// Who asks, where the server shares itself out.
#[derive(Clone, Debug)]
pub struct Client {
    pub key: Arc<str>,
    /// The most runs of its own that live at once, and that wait; None: as many as of all together.
    pub live: Option<usize>,
    pub queue: Option<usize>,
}

impl Default for Client {
    fn default() -> Self {
        Self { key: "us".into(), live: None, queue: None }
    }
}

/// What waits for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priority {
    #[default]
    Interactive,
    Batch,
}

/// Whose workspaces a client may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    #[default]
    Shell,
    /// Whoever has it, by its name.
    Token(Arc<str>),
    /// Nobody knows who; gone with the connection.
    Connection(u64),
    /// Whoever knows a name that was made up.
    Bearer,
    /// Without a connection or a token.
    Nobody,
}

impl Owner {
    pub fn key(&self) -> String {
        match self {
            Self::Shell => "shell".to_owned(),
            Self::Token(name) => format!("token {name}"),
            Self::Connection(number) => format!("{CONNECTION}{number}"),
            Self::Bearer => "bearer".to_owned(),
            Self::Nobody => "nobody".to_owned(),
        }
    }

    /// Whether a key is of an owner that does not come back.
    pub fn is_passing(key: &str) -> bool {
        key.starts_with(CONNECTION)
    }

    /// Whether what it opens under a name that is made up is whose who knows the name.
    pub fn is_known_by_name_only(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Nobody)
    }
}

const CONNECTION: &str = "connection ";

/// What a program is held against.
#[derive(Clone, Debug)]
pub struct Tests {
    /// The visible ones first.
    pub cases: Vec<Arc<Case>>,
    pub judging: Judging,
    pub stop_on_failure: bool,
}

/// One test: an execution of its own, with what it must lead to.
#[derive(Clone, Debug)]
pub struct Case {
    pub id: String,
    /// Nothing of it is told but how it ended.
    pub is_hidden: bool,
    pub description: Option<String>,
    pub input: Bytes,
    pub expected: Option<Bytes>,
    pub expected_exit: Option<i32>,
    pub args: Vec<String>,
    /// The job's files, and its own over them.
    pub files: Arc<Vec<JobFile>>,
    pub limits: Limits,
}

impl Case {
    /// One that a harness has found: its own program knows what it is about.
    pub fn found(id: String, is_hidden: bool, limits: Limits) -> Self {
        Self {
            id,
            is_hidden,
            description: None,
            input: Bytes::new(),
            expected: None,
            expected_exit: None,
            args: Vec::new(),
            files: Arc::default(),
            limits,
        }
    }
}

/// A program of tests that calls the job's own.
#[derive(Clone, Debug)]
pub struct Harness {
    pub files: Arc<Vec<JobFile>>,
    /// One of `files`.
    pub main: JobPath,
    /// Nothing of its tests is told but how they ended.
    pub is_hidden: bool,
}

/// Who says whether an output is right.
#[derive(Clone, Debug)]
pub enum Judging {
    Compare(Compare),
    Checker(Helper),
    Interactor(Helper),
}

/// A program of the judge's, run beside or after the one that is judged.
#[derive(Clone, Debug)]
pub struct Helper {
    /// A job without tests.
    pub job: Arc<Job>,
    pub style: Style,
}

/// How a helper is called, and what its exit codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// `input output answer`, then its own arguments; 42 and 43.
    Runnel,
    /// `input answer feedback/`, then its own arguments; 42 and 43.
    Kattis,
    /// `input output answer`, then its own arguments; 0 is right, 1 and 2 are wrong.
    Testlib,
}

/// How the output reaches the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// As it is written.
    Live,
    /// Line by line, each cut after so many characters.
    Lines { width: usize },
    /// Only within the result.
    Quiet,
}

/// A reproducible run: the same seed, clock and fuel on each machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deterministic {
    pub seed: u64,
    pub now: SystemTime,
}

/// A place below the program's working directory: relative, `/`-separated, without `.`, `..` or empty parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobPath(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    #[error("is empty")]
    Empty,
    #[error("is absolute; paths are relative to the working directory")]
    Absolute,
    #[error("has a part `..`")]
    Parent,
    #[error("has an empty part or a part `.`")]
    EmptyPart,
    #[error("holds a NUL character")]
    Nul,
    #[error("is longer than {MAX_PATH} bytes, has a part longer than {MAX_PART} bytes or more than {MAX_DEPTH} parts")]
    TooLong,
}

pub const MAX_PATH: usize = 1024;
pub const MAX_PART: usize = 255;
pub const MAX_DEPTH: usize = 32;

impl JobPath {
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        if text.is_empty() {
            return Err(PathFault::Empty);
        }
        if text.starts_with('/') {
            return Err(PathFault::Absolute);
        }
        if text.contains('\0') {
            return Err(PathFault::Nul);
        }
        let mut depth = 0;
        for part in text.split('/') {
            match part {
                ".." => return Err(PathFault::Parent),
                "" | "." => return Err(PathFault::EmptyPart),
                _ if part.len() > MAX_PART => return Err(PathFault::TooLong),
                _ => depth += 1,
            }
        }
        if text.len() > MAX_PATH || depth > MAX_DEPTH {
            return Err(PathFault::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Job {
    pub fn code_size(&self) -> u64 {
        self.files.iter().map(|file| file.content.len() as u64).sum()
    }

    /// With all that its workspace holds: the files that were sent lie over these, as those of a test over its job's.
    pub fn in_workspace(&self, files: Vec<JobFile>, places: Vec<Place>) -> Self {
        let files = Arc::new(files);
        let mut tests = self.tests.clone();
        // Most tests have no files of their own, and share a list.
        let (mut own, mut all): (Option<FileList>, Option<FileList>) = (None, None);
        for case in tests.iter_mut().flat_map(|tests| &mut tests.cases) {
            if own.as_ref().is_none_or(|own| !Arc::ptr_eq(own, &case.files)) {
                (own, all) = (Some(case.files.clone()), Some(Arc::new(laid_over(&files, &case.files))));
            }
            *case = Arc::new(Case { files: all.clone().unwrap_or_default(), ..(**case).clone() });
        }
        Self { files, places: Arc::new(places), tests, ..self.clone() }
    }

    /// Whether it is judged, by whatever tests.
    pub fn is_judged(&self) -> bool {
        self.tests.is_some() || self.harness.is_some()
    }

    /// Everything that is kept of it until its end: files, input, tests, helpers, rules.
    pub fn held_bytes(&self) -> u64 {
        let tests = self.tests.as_ref().map_or(0, |tests| {
            let case = |case: &Arc<Case>| (case.input.len() + case.expected.as_ref().map_or(0, Bytes::len)) as u64;
            let helper = match &tests.judging {
                Judging::Compare(_) => 0,
                Judging::Checker(helper) | Judging::Interactor(helper) => helper.job.held_bytes(),
            };
            tests.cases.iter().map(case).sum::<u64>() + helper
        });
        let harness = self.harness.iter().flat_map(|harness| harness.files.iter()).map(|file| file.content.len() as u64).sum::<u64>();
        let rules = self.rules.as_ref().map_or(0, |rules| rules.size());
        self.code_size() + self.stdin.len() as u64 + tests + harness + rules
    }
}

type FileList = Arc<Vec<JobFile>>;

/// Files, and others in place of those in their way.
fn laid_over(files: &[JobFile], own: &[JobFile]) -> Vec<JobFile> {
    let is_in_the_way = |file: &JobFile| {
        let path = file.path.as_str();
        own.iter().any(|own| {
            let own = own.path.as_str();
            is_within(path, own) || is_within(own, path)
        })
    };
    files.iter().filter(|file| !is_in_the_way(file)).chain(own).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for good in ["main.py", "a/b/c.txt", ".hidden", "with space", "qu'o\"te", "new\nline", "ünï/côdé", "-rf", "a..b", "..."] {
            assert_eq!(JobPath::parse(good).map(|path| path.as_str().to_owned()), Ok(good.to_owned()));
        }
        let cases = [
            ("", PathFault::Empty),
            ("/etc/passwd", PathFault::Absolute),
            ("../x", PathFault::Parent),
            ("a/../b", PathFault::Parent),
            ("a/..", PathFault::Parent),
            ("a//b", PathFault::EmptyPart),
            ("./a", PathFault::EmptyPart),
            ("a/", PathFault::EmptyPart),
            ("a\0b", PathFault::Nul),
        ];
        for (bad, fault) in cases {
            assert_eq!(JobPath::parse(bad), Err(fault), "{bad:?}");
        }
        assert_eq!(JobPath::parse(&"x".repeat(256)), Err(PathFault::TooLong));
        assert_eq!(JobPath::parse(&vec!["d"; 33].join("/")), Err(PathFault::TooLong));
    }
}
