//! A cell without a server: the link's frames spoken to it directly. For what the link costs alone, and for where the
//! time of a run goes.

use crate::client::Server;
use runnel_link::{Bounds, FromExecutor, OpenOrder, Pipe, Seeds, Task, ToExecutor, decode, encode, split};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Cell {
    process: Child,
    link: UnixStream,
    /// What was read last, and what of it is no whole frame yet.
    piece: Vec<u8>,
    buffer: Vec<u8>,
    next: u32,
}

/// One execution, as the server's end of the link sees it.
pub(crate) struct Execution {
    pub(crate) facts: runnel_link::Facts,
    /// Of output.
    pub(crate) bytes: usize,
    /// When each piece of stderr was written, since the cell's first work on it.
    pub(crate) errors: Vec<Duration>,
    /// From the order to the end.
    pub(crate) whole: Duration,
}

impl Cell {
    /// With the guests that a server's cell has.
    pub(crate) fn start() -> Self {
        let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=64"]);
        let words = std::fs::read_to_string(format!("/proc/{}/cmdline", server.cells()[0])).unwrap();
        let guests: Vec<&str> = words.split('\0').filter(|word| word.starts_with("--guest=")).collect();
        let (link, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_runnel"));
        command.args(["cell", "--warm"]).args(guests).env_clear();
        let process = command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).spawn().unwrap();
        let mut cell = Self { process, link, piece: vec![0; 256 << 10], buffer: Vec::new(), next: 0 };
        cell.until(|frame| matches!(frame, FromExecutor::Ready { .. }).then_some(()));
        cell
    }

    /// Runs a program to its end, and gives credit for each piece of output at once.
    pub(crate) fn run(&mut self, guest: &str, main: &str, code: &[u8], deterministic: Option<Seeds>) -> Execution {
        let exec = self.next;
        self.next += 1;
        let minute = Duration::from_secs(60);
        let bounds = Bounds {
            time: minute,
            wall: minute,
            memory_bytes: 256 << 20,
            output_bytes: 1 << 30,
            file_bytes: 64 << 20,
            file_count: 4096,
            processes: 1,
        };
        let task = Task::Guest { guest, main, args: Vec::new(), deterministic };
        let env = vec![("HOME", "/box"), ("LANG", "C.UTF-8")];
        let mut out = Vec::new();
        encode(&ToExecutor::Open { exec, order: OpenOrder { task, env, bounds, base: None, keep: None, harvest: None } }, &mut out);
        for piece in code.chunks(runnel_link::PIECE) {
            encode(&ToExecutor::File { exec, path: main, about: None, bytes: piece }, &mut out);
        }
        encode(&ToExecutor::Stdin { exec, bytes: &[], eof: true }, &mut out);
        encode(&ToExecutor::Start { exec }, &mut out);
        let start = Instant::now();
        self.link.write_all(&out).unwrap();
        let (mut bytes, mut errors) = (0, Vec::new());
        loop {
            let mut credit = 0;
            let ended = self.read(|frame| match frame {
                FromExecutor::Output { pipe, at, bytes: piece, .. } => {
                    bytes += piece.len();
                    if *pipe == Pipe::Stderr {
                        errors.push(*at);
                    }
                    credit += runnel_link::cost(piece.len());
                    None
                }
                FromExecutor::Ended { facts, .. } => Some(facts.clone()),
                FromExecutor::Ready { .. }
                | FromExecutor::Started { .. }
                | FromExecutor::Waiting { .. }
                | FromExecutor::Parked { .. }
                | FromExecutor::Left { .. } => None,
            });
            if let Some(facts) = ended {
                return Execution { facts, bytes, errors, whole: start.elapsed() };
            }
            if credit > 0 {
                let mut out = Vec::new();
                encode(&ToExecutor::Credit { exec, bytes: credit }, &mut out);
                self.link.write_all(&out).unwrap();
            }
        }
    }

    /// Reads once, and looks at each whole frame.
    fn read<T>(&mut self, mut look: impl FnMut(&FromExecutor<'_>) -> Option<T>) -> Option<T> {
        let count = self.link.read(&mut self.piece).unwrap();
        assert!(count > 0, "the cell has ended");
        self.buffer.extend_from_slice(&self.piece[..count]);
        let (mut rest, mut found) = (&self.buffer[..], None);
        while let Some((body, more)) = split(rest).unwrap() {
            found = found.or(look(&decode(body).unwrap()));
            rest = more;
        }
        let used = self.buffer.len() - rest.len();
        self.buffer.drain(..used);
        found
    }

    fn until<T>(&mut self, mut look: impl FnMut(&FromExecutor<'_>) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.read(&mut look) {
                return found;
            }
        }
    }

    /// How long it takes to answer an order that it can't obey.
    pub(crate) fn ping(&mut self) -> Duration {
        self.run("nobody", "main", b"", None).whole
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Minor page faults of a process so far.
pub(crate) fn faults(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(7).unwrap().parse().unwrap()
}
