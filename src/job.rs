//! What is asked: a job exists only if it can be run. Built by `protocol::parse` and the shell door, read by the
//! runner. Pure words: no I/O, no JSON (the caller's `meta` is kept as the text it came as).

use crate::limits::Limits;
use crate::toolchain::Toolchain;
use bytes::Bytes;
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
    pub stream: Stream,
    pub meta: Option<String>,
}

#[derive(Clone, Debug)]
pub struct JobFile {
    pub path: JobPath,
    pub content: Bytes,
}

/// What a job may say of the container that runs it.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// In place of the toolchain's compile and run steps.
    pub command: Option<Vec<String>>,
    /// In place of the toolchain's image; on the operator's list.
    pub image: Option<String>,
    /// The program has a terminal.
    pub terminal: bool,
}

/// How the output reaches the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// As it is written.
    Live,
    /// Only within the result.
    Quiet,
}

/// A reproducible run: the same seed, clock and fuel on each machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
