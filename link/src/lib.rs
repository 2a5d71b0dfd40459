//! The one protocol between the server and whatever executes: a cell over a socket pair, an agent over a
//! container's stdin and stdout. Frames of a 32-bit little-endian length and a postcard body. This crate is the
//! words and their bytes, small enough for an agent; the server's end is `runnel::link`. Knows no JSON, no
//! verdicts, no sandbox.

mod facts;
pub mod packed;
mod signal;

pub use facts::{End, Facts, Pipe, Stop};
use serde::{Deserialize, Serialize};
pub use signal::Signal;
use std::time::Duration;

/// The largest body: files and input travel in pieces, so that one upload does not hold up the others.
pub const MAX_FRAME: usize = 1 << 20;
/// The largest piece of a file, of input or of output in one frame.
pub const PIECE: usize = 256 << 10;
/// Output bytes that may be on their way for one execution; the executor stops the program when they are used up.
pub const WINDOW: u32 = 128 << 10;
/// What a frame costs of the window at least, so that the window bounds their number too.
pub const LEAST_COST: u32 = 256;

/// Names one execution on one link.
pub type ExecId = u32;
/// Names the files of one execution's end that a cell has kept for the next one.
pub type LayerId = u32;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum ToExecutor<'a> {
    /// A new execution, and what it needs to know before its files.
    Open {
        exec: ExecId,
        #[serde(borrow)]
        order: OpenOrder<'a>,
    },
    /// A piece of a file below the working directory; pieces of one file follow each other.
    File {
        exec: ExecId,
        path: &'a str,
        /// None: as of now, and plain.
        about: Option<About>,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
    },
    /// A folder or a link below the working directory; after the files.
    Place {
        exec: ExecId,
        path: &'a str,
        what: Placed<'a>,
    },
    /// A file, a link or an empty folder of the layer that is not to be there (cells only); before the files.
    Remove {
        exec: ExecId,
        path: &'a str,
    },
    /// Nobody needs this layer any more (cells only).
    Forget {
        layer: LayerId,
    },
    /// A piece of a packed product that an earlier container made (agents only).
    Product {
        exec: ExecId,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
    },
    Stdin {
        exec: ExecId,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
        eof: bool,
    },
    /// Two executions that were opened and not started: the stdout of each is the stdin of the other, without a way over
    /// the server, which is sent it all the same (cells only).
    Cross {
        exec: ExecId,
        with: ExecId,
    },
    /// Everything is there: run it.
    Start {
        exec: ExecId,
    },
    /// So much output was passed on.
    Credit {
        exec: ExecId,
        bytes: u32,
    },
    Kill {
        exec: ExecId,
    },
    /// For the program, which may handle it; nothing before its start and after its end (agents only: a guest has no signals).
    Signal {
        exec: ExecId,
        signal: Signal,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenOrder<'a> {
    #[serde(borrow)]
    pub task: Task<'a>,
    #[serde(borrow)]
    pub env: Vec<(&'a str, &'a str)>,
    pub bounds: Bounds,
    /// The files to begin with, before those that are sent (cells only).
    pub base: Option<LayerId>,
    /// Keep the files of its end under this name (cells only).
    pub keep: Option<LayerId>,
    #[serde(borrow)]
    pub harvest: Option<Harvest<'a>>,
}

/// What comes back of the files that a program leaves.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Harvest<'a> {
    /// Everything that is not as it was sent.
    All,
    /// The same, of these files and of what is below these folders only.
    Named(#[serde(borrow)] Vec<&'a str>),
}

/// Whether a path is this one or lies below it.
pub fn is_within(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A file beside its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Since the epoch.
    pub modified: Duration,
    pub executable: bool,
}

/// What is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placed<'a> {
    Folder,
    Link { target: &'a str },
}

/// What an execution is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Task<'a> {
    /// A program in a guest that the cell has loaded.
    Guest {
        guest: &'a str,
        main: &'a str,
        #[serde(borrow)]
        args: Vec<&'a str>,
        deterministic: Option<Seeds>,
    },
    /// A command that may write the product, and sees no input (agents only).
    Compile {
        #[serde(borrow)]
        argv: Vec<&'a str>,
    },
    /// A command that may read the product (agents only).
    Command {
        #[serde(borrow)]
        argv: Vec<&'a str>,
        /// On a terminal of its own: what it writes comes as stdout, whatever it wrote it to.
        terminal: bool,
    },
    /// The product, packed, as output; nothing of the program runs (agents only).
    Pack,
}

/// What an execution may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// CPU time of all its processes together.
    pub time: Duration,
    pub wall: Duration,
    pub memory_bytes: u64,
    /// stdout and stderr together.
    pub output_bytes: u64,
    pub file_bytes: u64,
    pub file_count: u32,
    /// Processes and threads (agents only: a guest has one).
    pub processes: u32,
}

/// What makes a run reproducible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    pub seed: u64,
    /// The virtual clock's start, since the epoch.
    pub now: Duration,
    pub fuel: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum FromExecutor<'a> {
    /// First frame of an executor: it has loaded what it needs and shut itself in.
    Ready {
        wall: Wall,
    },
    Started {
        exec: ExecId,
    },
    Output {
        exec: ExecId,
        pipe: Pipe,
        /// Since the start, when the first of these bytes was written.
        at: Duration,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
    },
    /// The program waits for input, and has had all of it. What it wrote before has been sent before.
    Waiting {
        exec: ExecId,
        /// Bytes of input that had come until then: what was sent later is still on its way.
        received: u64,
    },
    /// The program has been waiting for a while (for input, time or a slow reader), or goes on.
    Parked {
        exec: ExecId,
        parked: bool,
    },
    /// A piece of the files that the program left, packed; after all that it wrote.
    Left {
        exec: ExecId,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
    },
    /// The last frame of an execution.
    Ended {
        exec: ExecId,
        facts: Facts,
    },
}

/// Which parts of the second wall stand around an executor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wall {
    pub no_new_privs: bool,
    pub seccomp: bool,
    pub landlock: bool,
}

impl Wall {
    pub fn is_whole(self) -> bool {
        let Self { no_new_privs, seccomp, landlock } = self;
        no_new_privs && seccomp && landlock
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("a frame of {0} bytes, at most {MAX_FRAME} are allowed")]
    TooLarge(usize),
    #[error("a frame that can't be read: {0}")]
    Malformed(#[from] postcard::Error),
}

/// Appends one frame.
pub fn encode(frame: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let body = postcard::to_io(frame, &mut *out);
    debug_assert!(body.is_ok(), "writing to memory does not fail");
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// A frame's body, and the bytes after the frame.
pub type BodyAndRest<'a> = (&'a [u8], &'a [u8]);

/// The body of the first whole frame in `bytes` and what follows it; None where more bytes are needed.
pub fn split(bytes: &[u8]) -> Result<Option<BodyAndRest<'_>>, Fault> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head) as usize;
    if length > MAX_FRAME {
        return Err(Fault::TooLarge(length));
    }
    Ok(rest.split_at_checked(length))
}

/// One body, and nothing left over.
pub fn decode<'a, Frame: Deserialize<'a>>(body: &'a [u8]) -> Result<Frame, Fault> {
    let (frame, rest) = postcard::take_from_bytes(body)?;
    if rest.is_empty() { Ok(frame) } else { Err(Fault::Malformed(postcard::Error::DeserializeBadEncoding)) }
}

/// What one output frame takes of the window.
pub fn cost(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX).max(LEAST_COST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_come_back() {
        let mut out = Vec::new();
        let frame = ToExecutor::File { exec: 7, path: "a b\n", about: None, bytes: b"\0\xff" };
        encode(&frame, &mut out);
        encode(&ToExecutor::Kill { exec: 8 }, &mut out);
        let (body, rest) = split(&out).unwrap().unwrap();
        assert_eq!(decode::<ToExecutor>(body).unwrap(), frame);
        let (body, rest) = split(rest).unwrap().unwrap();
        assert_eq!(decode::<ToExecutor>(body).unwrap(), ToExecutor::Kill { exec: 8 });
        assert!(split(rest).unwrap().is_none());
    }

    #[test]
    fn lengths_are_bounded_and_bodies_whole() {
        assert!(matches!(split(&u32::MAX.to_le_bytes()), Err(Fault::TooLarge(_))));
        let mut out = Vec::new();
        encode(&ToExecutor::Start { exec: 1 }, &mut out);
        out.push(0);
        assert!(decode::<ToExecutor>(&out[4..]).is_err(), "bytes left over");
        out.clear();
        encode(&ToExecutor::Signal { exec: 1, signal: Signal::parse("SIGSYS").unwrap() }, &mut out);
        assert!(decode::<ToExecutor>(&out[4..]).is_ok());
        *out.last_mut().unwrap() += 1;
        assert!(decode::<ToExecutor>(&out[4..]).is_err(), "a signal that is none");
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((body, _))) = split(&bytes) {
                let _ = decode::<ToExecutor>(body);
                let _ = decode::<FromExecutor>(body);
            }
            let _ = decode::<FromExecutor>(&bytes);
            let _ = decode::<ToExecutor>(&bytes);
        }

        #[test]
        fn output_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..1000), cut in 0usize..1000) {
            let frame = FromExecutor::Output { exec: 3, pipe: Pipe::Stderr, at: Duration::from_micros(5), bytes: &bytes };
            let mut out = Vec::new();
            encode(&frame, &mut out);
            prop_assert_eq!(split(&out[..cut.min(out.len() - 1)]).unwrap().map(|_| ()), None);
            let (body, _) = split(&out).unwrap().unwrap();
            prop_assert_eq!(decode::<FromExecutor>(body).unwrap(), frame);
        }
    }
}
