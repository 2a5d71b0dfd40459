//! What gateways and workers write to each other over Kafka: a body, and on it what it is, who sends it and which run it is about. What is larger than a topic takes goes in
//! pieces, which follow each other in one partition. Pure.

use super::super::words;
use crate::kafka::{text, with};
use rdkafka::message::{Message, OwnedHeaders};
use std::collections::HashMap;

/// The largest piece: topics take 1 MiB in one message, with what stands on it.
pub(super) const PIECE: usize = 768 << 10;
/// The largest letter: the parts of what can be large are at most `words::PART`, an end with all that was captured is more.
pub(super) const MOST: usize = 256 << 20;
/// Letters of which not all has come, at once.
const UNDER_WAY: usize = 8192;
/// The longest name of whoever sends, and of a kind, in bytes.
const LONGEST: usize = 64;

const KIND: &str = "type";
const FROM: &str = "from";
const RUN: &str = "run";
const CLOCK: &str = "clock";
const MORE: &str = "more";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) kind: String,
    /// Its sender's mailbox.
    pub(crate) from: String,
    pub(crate) run: Option<u64>,
    /// In ms, on the worker's own clock: on its announcements when they were written, on letters to it the last such time that the gateway has read.
    pub(crate) clock: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// What stands on a letter that goes.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) kind: &'a str,
    pub(crate) run: Option<u64>,
    pub(crate) clock: Option<u64>,
}

impl Head<'_> {
    pub(super) fn headers(self, from: &str, is_more: bool) -> OwnedHeaders {
        let Self { kind, run, clock } = self;
        let numbers = [(RUN, run), (CLOCK, clock), (MORE, is_more.then_some(1))];
        let headers = with(with(OwnedHeaders::new(), KIND, kind), FROM, from);
        numbers
            .into_iter()
            .filter_map(|(name, number)| Some((name, number?)))
            .fold(headers, |headers, (name, number)| with(headers, name, &number.to_string()))
    }
}

/// A message as a letter, and whether more of it follows; None where it is none of ours.
pub(super) fn read(message: &impl Message) -> Option<(Letter, bool)> {
    let headers = message.headers()?;
    let text = |name| text(headers, name);
    let (kind, from) = (text(KIND)?, text(FROM)?);
    if kind.len() > LONGEST || from.len() > LONGEST {
        return None;
    }
    let number = |name| text(name).and_then(|text| text.parse().ok());
    let body = message.payload().unwrap_or_default().to_vec();
    let letter = Letter { kind: kind.to_owned(), from: from.to_owned(), run: number(RUN), clock: number(CLOCK), body };
    Some((letter, text(MORE).is_some()))
}

/// Letters of which not all has come, by who sends them and which run they are about: each writes one after the other.
#[derive(Default)]
pub(super) struct Pieces(HashMap<(String, Option<u64>), Vec<u8>>);

impl Pieces {
    /// The letter, when all of it is there.
    pub(super) fn add(&mut self, mut letter: Letter, is_more: bool) -> Option<Letter> {
        if !is_more && self.0.is_empty() {
            return Some(letter);
        }
        let key = (letter.from.clone(), letter.run);
        let before = self.0.remove(&key);
        if !is_more {
            if let Some(mut body) = before {
                body.append(&mut letter.body);
                letter.body = body;
            }
            return Some(letter);
        }
        let mut body = before.unwrap_or_default();
        body.append(&mut letter.body);
        // Nobody of ours writes so much; who does is not heard.
        if body.len() <= MOST && self.0.len() < UNDER_WAY {
            self.0.insert(key, body);
        }
        None
    }

    /// Whoever wrote the rest of these is gone, or its run is.
    pub(super) fn keep(&mut self, is_wanted: impl Fn(&str, Option<u64>) -> bool) {
        self.0.retain(|(from, run), _| is_wanted(from, *run));
    }
}

/// A worker is there, and what it has.
pub(crate) const PRESENCE: &str = "runnel-presence/1";
/// To all gateways: a worker goes, and nothing of its runs goes on.
pub(crate) const GONE: &str = "runnel-gone/1";
/// To all workers: the last time of each that a gateway has read, `Answers`.
pub(crate) const ANSWERS: &str = "runnel-answers/1";
/// To a gateway: there was no place for this job.
pub(crate) const FULL: &str = "runnel-full/1";

/// What a worker says to all gateways, often.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Presence {
    pub(crate) announcement: words::Announcement,
    /// Its places that are taken, by gateway.
    pub(crate) taken: Vec<(String, u32)>,
}

/// Workers' mailboxes, and their times.
pub(crate) type Answers = Vec<(String, u64)>;

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp;
    use rdkafka::message::OwnedMessage;

    fn message(head: Head<'_>, is_more: bool, body: &[u8]) -> OwnedMessage {
        let headers = head.headers("3.ab", is_more);
        OwnedMessage::new(Some(body.to_vec()), None, String::new(), Timestamp::NotAvailable, 0, 0, Some(headers))
    }

    #[test]
    fn letters_come_as_they_were_written_whole_or_in_pieces() {
        let mut pieces = Pieces::default();
        let (whole, other) = (Head { kind: words::EVENTS, run: Some(7), clock: Some(12) }, Head { kind: PRESENCE, run: None, clock: None });
        let mut come = |head, is_more, body: &[u8]| {
            let (letter, is_more) = read(&message(head, is_more, body)).unwrap();
            pieces.add(letter, is_more)
        };
        assert!(come(whole, true, b"ab").is_none());
        assert_eq!(come(other, false, b"x").unwrap().body, b"x", "another one between them");
        assert!(come(whole, true, b"cd").is_none());
        let letter = come(whole, false, b"e").unwrap();
        assert_eq!((letter.kind.as_str(), letter.from.as_str(), letter.run, letter.clock), (words::EVENTS, "3.ab", Some(7), Some(12)));
        assert_eq!(letter.body, b"abcde");
        assert!(pieces.0.is_empty());
    }

    #[test]
    fn what_others_write_is_no_letter() {
        let bare = OwnedMessage::new(None, None, String::new(), Timestamp::NotAvailable, 0, 0, None);
        assert!(read(&bare).is_none());
        let long = "x".repeat(LONGEST + 1);
        assert!(read(&message(Head { kind: &long, run: None, clock: None }, false, b"")).is_none());
    }
}
