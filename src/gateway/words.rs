//! What gateways and workers say to each other: kinds of messages, and what is in them. Bodies are postcard; the version stands in each kind, so that what
//! does not fit is refused by name and never misread. Pure.

use super::event::EventWords;
use crate::engine::Readiness;
use crate::link::Signal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A job, gateway to any worker: its length as 8 bytes, little end first, and its first part.
pub(crate) const JOB: &str = "runnel-job/2";
/// To a worker, about one run: a `Control`.
pub(crate) const CONTROL: &str = "runnel-control/2";
/// To a gateway, about one run: `EventWords`, one after the other.
pub(crate) const EVENTS: &str = "runnel-events/1";
/// To a gateway: the job came back, whoever had it is gone.
pub(crate) const LOST: &str = "runnel-lost/1";
/// To a gateway: the worker does not take the job, and why, as text.
pub(crate) const UNFIT: &str = "runnel-unfit/1";
/// To all gateways: an `Announcement`.
pub(crate) const ANNOUNCEMENT: &str = "runnel-announcement/1";
/// To either: nothing, but that it comes back where nobody is.
pub(crate) const PING: &str = "runnel-ping/1";

/// What is told of one run before its client has read it, in bytes; a worker stops the program when that is used up.
pub(crate) const WINDOW: u32 = 256 << 10;
/// What a message costs of the window at least, so that the window bounds their number too.
pub(crate) const LEAST_COST: u32 = 1 << 10;
/// A worker sends what is ready when it is that much.
pub(crate) const BATCH: usize = 64 << 10;
/// The largest part of a job, of input and of the files that a program left: brokers take 16 MiB in one message.
pub(crate) const PART: usize = 4 << 20;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Control<'a> {
    /// The next part of its job.
    Part(#[serde(with = "serde_bytes", borrow)] Cow<'a, [u8]>),
    Input {
        #[serde(with = "serde_bytes", borrow)]
        bytes: Cow<'a, [u8]>,
        eof: bool,
    },
    /// So much was read.
    Credit(u32),
    Cancel,
    /// For its program.
    Signal(Signal),
}

/// What a worker can do.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    /// Jobs at once.
    pub(crate) places: u32,
    pub(crate) languages: Vec<(String, State)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    Ready,
    Preparing { what: String, share: f32 },
    Unavailable(String),
}

impl From<Readiness> for State {
    fn from(readiness: Readiness) -> Self {
        match readiness {
            Readiness::Ready => Self::Ready,
            Readiness::Preparing { what, share } => Self::Preparing { what, share },
            Readiness::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<State> for Readiness {
    fn from(state: State) -> Self {
        match state {
            State::Ready => Self::Ready,
            State::Preparing { what, share } => Self::Preparing { what, share },
            State::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

pub(crate) fn encode(words: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::new();
    append(&mut body, words);
    body
}

pub(crate) fn append(body: &mut Vec<u8>, words: &impl Serialize) {
    let written = postcard::to_io(words, body);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
}

/// The first event in a batch, and what follows it.
pub(crate) fn first(batch: &[u8]) -> Result<(EventWords<'_>, &[u8]), postcard::Error> {
    postcard::take_from_bytes(batch)
}

/// What a message takes of the window.
pub(crate) fn cost(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX).max(LEAST_COST)
}
