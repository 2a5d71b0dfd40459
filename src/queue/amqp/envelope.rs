//! What stands on messages: read from those that come, written on those that go. Pure.

use crate::queue::broker::{Answer, Envelope};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Why a message is where it is.
const REASON: &str = "x-runnel-reason";
/// How many times a job came back, where the broker does not count.
const TRIES: &str = "x-runnel-tries";
/// The same, written by a quorum queue.
const DELIVERIES: &str = "x-delivery-count";
/// Outlives the broker.
const PERSISTENT: u8 = 2;
/// The most of a reason that is written on a message, in bytes.
const REASON_BYTES: usize = 1024;

/// Sets one property.
type With = fn(BasicProperties, ShortString) -> BasicProperties;

#[derive(Deserialize)]
struct Cancel {
    id: String,
}

pub(super) fn read(message: &Delivery) -> Envelope {
    let properties = &message.properties;
    let text = |text: &Option<ShortString>| text.as_ref().map(|text| text.as_str().to_owned()).filter(|text| !text.is_empty());
    let header = |name| properties.headers().as_ref().and_then(|headers| headers.inner().get(name));
    let counted = header(DELIVERIES).and_then(number);
    let ours = header(TRIES).and_then(number).unwrap_or_default();
    Envelope {
        id: text(properties.message_id()).or_else(|| text(properties.correlation_id())),
        has_events: properties.reply_to().is_some(),
        priority: *properties.priority(),
        headers: headers(properties),
        is_redelivered: message.redelivered,
        // A classic queue says that it came back and not how often: its count is ours, and it is written before it is run.
        tries: if message.redelivered && counted.is_none() { None } else { Some(ours.saturating_add(counted.unwrap_or_default())) },
    }
}

/// Those that are text; how many there are is bounded by what the broker reads of them.
fn headers(properties: &BasicProperties) -> BTreeMap<String, String> {
    let headers = properties.headers().iter().flat_map(|headers| headers.inner());
    headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), words(value)?))).collect()
}

/// The id in a message of the cancels' exchange: its body is `{"id"}`, or it is the correlation id of an empty one.
pub(super) fn cancelled(message: &Delivery) -> Option<String> {
    match serde_json::from_slice::<Cancel>(&message.data) {
        Ok(cancel) => Some(cancel.id),
        Err(_) if message.data.is_empty() => message.properties.correlation_id().as_ref().map(|id| id.as_str().to_owned()),
        Err(_) => None,
    }
}

pub(super) fn answer(asked: &BasicProperties, answer: &Answer<'_>) -> BasicProperties {
    let Answer { id, kind, body: _, headers } = *answer;
    headers.iter().fold(of_job(asked, id, kind), |properties, (name, value)| {
        with_header(properties, name, AMQPValue::LongString(value.as_bytes().into()))
    })
}

/// Not kept over a restart of the broker: the run whose it is ends with it.
pub(super) fn event(asked: &BasicProperties, id: &str) -> BasicProperties {
    of_job(asked, id, "event").with_delivery_mode(1)
}

/// `id` is the job's; the sender's own words come back where it had some.
fn of_job(asked: &BasicProperties, id: &str, kind: &'static str) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_type(kind.into())
        .with_app_id("runnel".into())
        .with_delivery_mode(PERSISTENT);
    let id = ShortString::try_new(id).ok();
    let correlation = asked.correlation_id().clone().or_else(|| asked.message_id().clone()).or_else(|| id.clone());
    let properties = match correlation {
        Some(correlation) => properties.with_correlation_id(correlation),
        None => properties,
    };
    match id {
        Some(id) => properties.with_message_id(id),
        None => properties,
    }
}

pub(super) fn with_reason(properties: BasicProperties, reason: &str) -> BasicProperties {
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES)];
    with_header(properties, REASON, AMQPValue::LongString(LongString::from(reason.as_bytes())))
}

/// As it came, to be looked at for as long as somebody likes.
pub(super) fn buried(asked: &BasicProperties, reason: &str) -> BasicProperties {
    with_reason(lasting(asked), reason)
}

pub(super) fn counted(asked: &BasicProperties) -> BasicProperties {
    let tries = asked.headers().as_ref().and_then(|headers| headers.inner().get(TRIES)).and_then(number).unwrap_or_default();
    with_header(asked.clone(), TRIES, AMQPValue::LongUInt(tries.saturating_add(1)))
}

/// Without an end of its life. There is no taking a property away, so all others are written anew.
fn lasting(asked: &BasicProperties) -> BasicProperties {
    let mut kept = BasicProperties::default().with_delivery_mode(PERSISTENT);
    if let Some(headers) = asked.headers() {
        kept = kept.with_headers(headers.clone());
    }
    if let Some(priority) = asked.priority() {
        kept = kept.with_priority(*priority);
    }
    let texts: [(&Option<ShortString>, With); 6] = [
        (asked.content_type(), BasicProperties::with_content_type),
        (asked.correlation_id(), BasicProperties::with_correlation_id),
        (asked.message_id(), BasicProperties::with_message_id),
        (asked.reply_to(), BasicProperties::with_reply_to),
        (asked.kind(), BasicProperties::with_type),
        (asked.app_id(), BasicProperties::with_app_id),
    ];
    texts.into_iter().fold(kept, |kept, (text, with)| match text {
        Some(text) => with(kept, text.clone()),
        None => kept,
    })
}

fn with_header(properties: BasicProperties, name: &str, value: AMQPValue) -> BasicProperties {
    let mut headers: FieldTable = properties.headers().clone().unwrap_or_default();
    headers.insert(name.into(), value);
    properties.with_headers(headers)
}

/// Clients write numbers in whatever size they like.
fn number(value: &AMQPValue) -> Option<u32> {
    let signed = value
        .as_long_long_int()
        .or_else(|| value.as_long_int().map(i64::from))
        .or_else(|| value.as_short_int().map(i64::from))
        .or_else(|| value.as_short_short_int().map(i64::from))
        .or_else(|| value.as_long_uint().map(i64::from))
        .or_else(|| value.as_short_uint().map(i64::from))
        .or_else(|| value.as_short_short_uint().map(i64::from));
    signed.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

fn words(value: &AMQPValue) -> Option<String> {
    value.as_long_string().and_then(|text| str::from_utf8(text.as_bytes()).ok()).map(str::to_owned)
}
