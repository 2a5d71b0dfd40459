//! What stands on messages: read from those that come, written on those that go. Pure.

use crate::kafka::{text, with};
use crate::queue::broker::{Answer, Envelope};
use rdkafka::message::{BorrowedMessage, Headers, Message, OwnedHeaders, OwnedMessage};
use std::collections::BTreeMap;

/// Why a message is where it is, and where it was.
const REASON: &str = "x-runnel-reason";
const SOURCE: &str = "x-runnel-source";
/// How large a message was that is here without its end.
const CUT: &str = "x-runnel-cut-bytes";
/// How many times a job came back.
const TRIES: &str = "x-runnel-tries";
/// The most of a reason that is written on a message, in bytes.
const REASON_BYTES: usize = 1024;

pub(super) fn read(message: &OwnedMessage, is_suspect: bool) -> Envelope {
    let headers = texts(message);
    let key = message.key().and_then(|key| str::from_utf8(key).ok()).map(str::to_owned);
    let named = |name: &str| headers.get(name).filter(|text| !text.is_empty()).cloned();
    Envelope {
        id: named("message_id").or_else(|| named("correlation_id")).or_else(|| key.filter(|key| !key.is_empty())),
        has_events: true,
        priority: named("priority").and_then(|priority| priority.parse().ok()),
        is_redelivered: is_suspect,
        tries: if is_suspect { None } else { Some(tries(&headers)) },
        headers,
    }
}

fn texts(message: &OwnedMessage) -> BTreeMap<String, String> {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    headers.filter_map(|header| Some((header.key.to_owned(), str::from_utf8(header.value?).ok()?.to_owned()))).collect()
}

fn tries(headers: &BTreeMap<String, String>) -> u32 {
    headers.get(TRIES).and_then(|tries| tries.parse().ok()).unwrap_or_default()
}

/// The sender's own word comes back where it had one.
pub(super) fn answer(asked: &OwnedMessage, answer: &Answer<'_>) -> OwnedHeaders {
    let Answer { id, kind, body: _, headers } = *answer;
    headers.iter().fold(of_job(asked, id, kind), |all, (name, value)| with(all, name, value))
}

pub(super) fn event(asked: &OwnedMessage, id: &str) -> OwnedHeaders {
    of_job(asked, id, "event")
}

fn of_job(asked: &OwnedMessage, id: &str, kind: &str) -> OwnedHeaders {
    let mut asked = texts(asked);
    let correlation = asked.remove("correlation_id").or_else(|| asked.remove("message_id"));
    let headers = with(with(OwnedHeaders::new(), "type", kind), "message_id", id);
    with(headers, "correlation_id", correlation.as_deref().unwrap_or(id))
}

/// Of a job that we send ourselves: `word` is what its answer comes back with.
pub(super) fn job(id: &str, word: &str) -> OwnedHeaders {
    with(with(OwnedHeaders::new(), "message_id", id), "correlation_id", word)
}

/// That word, on an answer; None on what is none.
pub(super) fn word(message: &BorrowedMessage<'_>) -> Option<String> {
    let headers = message.headers()?;
    if text(headers, "type")? == "event" { None } else { text(headers, "correlation_id").map(str::to_owned) }
}

/// One try more, and all else as it was.
pub(super) fn counted(asked: &OwnedMessage) -> OwnedHeaders {
    let tries = tries(&texts(asked)).saturating_add(1);
    let headers = asked.headers().into_iter().flat_map(Headers::iter).filter(|header| header.key != TRIES);
    with(headers.fold(OwnedHeaders::new(), OwnedHeaders::insert), TRIES, &tries.to_string())
}

/// As it came, and why it is here.
pub(super) fn buried(asked: &OwnedMessage, reason: &str) -> OwnedHeaders {
    let headers = asked.headers().cloned().unwrap_or_default();
    let source = format!("{}/{}/{}", asked.topic(), asked.partition(), asked.offset());
    with(with(headers, SOURCE, &source), REASON, &reason[..reason.floor_char_boundary(REASON_BYTES)])
}

pub(super) fn cut(headers: OwnedHeaders, bytes: usize) -> OwnedHeaders {
    with(headers, CUT, &bytes.to_string())
}
