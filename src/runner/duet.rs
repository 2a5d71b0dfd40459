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
    Program { pipe: Pipe, at: Duration, bytes: Vec<u8> },
    Other { pipe: Pipe, bytes: Vec<u8> },
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

    async fn hear(&mut self, bytes: &[u8], eof: bool) {
        self.sent += bytes.len() as u64;
        self.attempt.stdin(bytes, eof).await;
    }
}

impl<'a> Duet<'a> {
    pub(super) fn new(program: Attempt<'a>, other: Attempt<'a>) -> Self {
        Self { program: Voice::new(program), other: Voice::new(other), other_first: false, deadlock: false, starved: false }
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
                            self.other.hear(&bytes, false).await;
                        }
                        return Sound::Program { pipe, at, bytes };
                    }
                    Progress::Waiting(received) => self.program.waits_after = Some(received),
                    Progress::Ended(facts) => {
                        if facts.end == End::Stopped(Stop::Wall) && self.program.is_stuck() && self.other.facts.is_none() {
                            self.starved = true;
                            self.other.attempt.kill();
                        }
                        self.program.facts = Some(facts);
                        self.other.hear(&[], true).await;
                    }
                    Progress::Lost(why) => return Sound::Lost(why),
                },
                progress = self.other.attempt.next(), if self.other.facts.is_none() => match progress {
                    Progress::Output { pipe, bytes, .. } => {
                        if pipe == Pipe::Stdout && self.program.facts.is_none() {
                            self.program.hear(&bytes, false).await;
                        }
                        return Sound::Other { pipe, bytes };
                    }
                    Progress::Waiting(received) => self.other.waits_after = Some(received),
                    Progress::Ended(facts) => {
                        self.other.facts = Some(facts);
                        self.other_first = self.program.facts.is_none();
                        self.program.hear(&[], true).await;
                    }
                    Progress::Lost(why) => return Sound::Lost(why),
                },
            }
        }
    }
}
