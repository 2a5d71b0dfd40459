//! Two programs at once, each with the other's output as its input, until both have ended or neither can go on. Called by
//! `runner::judging` for interactive problems. Holds nothing back: what one writes goes to the other at once.

use super::prepare::{Attempt, Progress};
use crate::event::Pipe;
use crate::judge::{End, Facts, Stop};
use std::time::Duration;

pub(super) struct Duet<'a> {
    program: Voice<'a>,
    other: Voice<'a>,
    /// The interactor ended while the program lived.
    other_first: bool,
    deadlock: bool,
    starved: bool,
    is_crossed: bool,
    /// What of the other's output goes to the program; all of it where there is none.
    sieve: Option<Sieve>,
}

/// Parts an output line by line: what begins with `>` goes to the other side, what begins with `#` is a report.
#[derive(Default)]
pub(super) struct Sieve {
    line: Line,
    report: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Start,
    Pass,
    Report,
}

/// The longest line of a report.
const REPORT: usize = 64 << 10;

impl Sieve {
    /// What goes on, whole lines of the report, and whether there was anything else.
    fn part(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<String>, bool) {
        let (mut pass, mut lines, mut stray) = (Vec::new(), Vec::new(), false);
        for &byte in bytes {
            match (self.line, byte) {
                (Line::Start, b'>') => self.line = Line::Pass,
                (Line::Start, b'#') => self.line = Line::Report,
                (Line::Start, _) => stray = true,
                (Line::Pass, byte) => pass.push(byte),
                (Line::Report, b'\n') => match String::from_utf8(std::mem::take(&mut self.report)) {
                    Ok(line) => lines.push(line),
                    Err(_) => stray = true,
                },
                (Line::Report, byte) => {
                    self.report.push(byte);
                    stray |= self.report.len() > REPORT;
                }
            }
            if byte == b'\n' {
                self.line = Line::Start;
            }
        }
        (pass, lines, stray)
    }
}

struct Voice<'a> {
    attempt: Attempt<'a>,
    /// Bytes of input that were sent to it.
    sent: u64,
    /// It waits, having had that many of them.
    waits_after: Option<u64>,
    facts: Option<Facts>,
}

/// What is heard of the two.
pub(super) enum Sound {
    Program {
        pipe: Pipe,
        at: Duration,
        bytes: Vec<u8>,
    },
    /// How the program ended, before what comes of it.
    ProgramEnded(Facts),
    Other {
        pipe: Pipe,
        bytes: Vec<u8>,
    },
    /// Whole lines of a report; `stray` where there was something else.
    Reports {
        lines: Vec<String>,
        stray: bool,
    },
    Ended(Box<Ended>),
    Lost(String),
}

pub(super) struct Ended {
    pub(super) program: Facts,
    pub(super) other: Facts,
    pub(super) other_first: bool,
    /// Both waited for each other.
    pub(super) deadlock: bool,
    /// The program reached its wall limit waiting for an interactor that was busy with something else.
    pub(super) starved: bool,
}

impl<'a> Voice<'a> {
    fn new(attempt: Attempt<'a>) -> Self {
        Self { attempt, sent: 0, waits_after: None, facts: None }
    }

    /// It has had all of its input, and waits for more.
    fn is_stuck(&self) -> bool {
        self.waits_after == Some(self.sent)
    }

    /// What the other wrote, which is on its way already where they are crossed.
    async fn hear(&mut self, bytes: &[u8], is_crossed: bool) {
        self.sent += bytes.len() as u64;
        if !is_crossed {
            self.attempt.stdin(bytes, false).await;
        }
    }

    async fn hear_end(&mut self) {
        self.attempt.stdin(&[], true).await;
    }
}

impl<'a> Duet<'a> {
    /// `is_crossed` where the executor hands on what one writes to the other.
    pub(super) fn new(program: Attempt<'a>, other: Attempt<'a>, is_crossed: bool) -> Self {
        let (program, other) = (Voice::new(program), Voice::new(other));
        Self { program, other, other_first: false, deadlock: false, starved: false, is_crossed, sieve: None }
    }

    /// The same, where only a part of what the other writes is for the program.
    pub(super) fn sieved(program: Attempt<'a>, other: Attempt<'a>, sieve: Sieve) -> Self {
        Self { sieve: Some(sieve), ..Self::new(program, other, false) }
    }

    pub(super) async fn next(&mut self) -> Sound {
        loop {
            if let (Some(program), Some(other)) = (&self.program.facts, &self.other.facts) {
                let (program, other) = (program.clone(), other.clone());
                let Self { other_first, deadlock, starved, .. } = *self;
                return Sound::Ended(Box::new(Ended { program, other, other_first, deadlock, starved }));
            }
            if self.program.is_stuck() && self.other.is_stuck() && !self.deadlock {
                // Exact, not a guess: each has had every byte of the other, and has said all that it wrote.
                self.deadlock = true;
                self.program.attempt.kill();
                self.other.attempt.kill();
            }
            tokio::select! {
                progress = self.program.attempt.next(), if self.program.facts.is_none() => match progress {
                    Progress::Output { pipe, at, bytes } => {
                        if pipe == Pipe::Stdout && self.other.facts.is_none() {
                            self.other.hear(&bytes, self.is_crossed).await;
                        }
                        return Sound::Program { pipe, at, bytes };
                    }
                    Progress::Waiting(received) => self.program.waits_after = Some(received),
                    Progress::Ended(facts) => {
                        if facts.end == End::Stopped(Stop::Wall) && self.program.is_stuck() && self.other.facts.is_none() {
                            self.starved = true;
                            self.other.attempt.kill();
                        }
                        self.program.facts = Some(facts.clone());
                        self.other.hear_end().await;
                        return Sound::ProgramEnded(facts);
                    }
                    Progress::Lost(why) => return Sound::Lost(why),
                },
                progress = self.other.attempt.next(), if self.other.facts.is_none() => match progress {
                    Progress::Output { pipe: Pipe::Stdout, bytes, .. } => {
                        let (pass, sound) = match &mut self.sieve {
                            None => (bytes.clone(), Sound::Other { pipe: Pipe::Stdout, bytes }),
                            Some(sieve) => {
                                let (pass, lines, stray) = sieve.part(&bytes);
                                (pass, Sound::Reports { lines, stray })
                            }
                        };
                        if self.program.facts.is_none() && !pass.is_empty() {
                            self.program.hear(&pass, self.is_crossed).await;
                        }
                        return sound;
                    }
                    Progress::Output { pipe, bytes, .. } => return Sound::Other { pipe, bytes },
                    Progress::Waiting(received) => self.other.waits_after = Some(received),
                    Progress::Ended(facts) => {
                        self.other.facts = Some(facts);
                        self.other_first = self.program.facts.is_none();
                        self.program.hear_end().await;
                    }
                    Progress::Lost(why) => return Sound::Lost(why),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parted_however_they_are_cut() {
        let text = b">{\"call\": 1}\n#{\"test\": \"a\"}\n>x\n#{}\n";
        for size in 1..text.len() {
            let (mut sieve, mut passed, mut reports) = (Sieve::default(), Vec::new(), Vec::new());
            for piece in text.chunks(size) {
                let (pass, lines, stray) = sieve.part(piece);
                assert!(!stray);
                passed.extend(pass);
                reports.extend(lines);
            }
            assert_eq!(
                (passed.as_slice(), reports),
                (b"{\"call\": 1}\nx\n".as_slice(), vec!["{\"test\": \"a\"}".to_owned(), "{}".to_owned()])
            );
        }
        assert!(Sieve::default().part(b"hello\n").2);
        assert!(Sieve::default().part(b"#\xff\n").2);
    }
}
