//! Frames that ask about the server, and what is answered. Pure.

use super::{Code, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A clock that differs by more is off: tokens and deadlines begin to fail.
const CLOCK_TOLERANCE_MS: u64 = 5000;
/// The end of the year 9999; what is later was not meant in milliseconds.
const LATEST_MS: u64 = 253_402_300_799_999;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GlanceRequest {
    #[serde(rename = "type")]
    _kind: String,
    pub(super) sys: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockRequest {
    #[serde(rename = "type")]
    _kind: String,
    time_ms: u64,
}

impl ClockRequest {
    pub(super) fn check(self) -> Result<u64, Refusal> {
        if self.time_ms > LATEST_MS {
            let message = format!("`time_ms` is {}, the most allowed is {LATEST_MS}: milliseconds since 1970", self.time_ms);
            return Err(Refusal::of_field(Code::BadField, "time_ms", message));
        }
        Ok(self.time_ms)
    }
}

/// The words after `?` of an address.
pub fn wants_machine(query: &str) -> Result<bool, Refusal> {
    let mut wanted = None;
    for (name, value) in query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "1"))) {
        if name != "sys" {
            return Err(Refusal::of_field(
                Code::BadField,
                super::clip(name),
                format!("unknown field `{}`, there is `sys`", super::clip(name)),
            ));
        }
        let value = match value {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => return Err(Refusal::of_field(Code::BadField, "sys", "`sys` must be 1 or 0")),
        };
        if wanted.replace(value).is_some() {
            return Err(Refusal::of_field(Code::BadField, "sys", "`sys` is there twice"));
        }
    }
    Ok(wanted.unwrap_or(false))
}

/// What the server has to do, and may.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GlanceFrame {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub live: usize,
    pub queued: usize,
    pub cells: usize,
    /// Warm containers.
    pub pool: usize,
    pub most: MostPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<SpacePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<SpacePart>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct MostPart {
    pub live: usize,
    pub queued: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct CpuPart {
    pub allocatable_milli: u64,
    /// The mean over the time since somebody asked last.
    pub used_milli: u64,
    pub over_ms: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SpacePart {
    pub allocatable_mb: u64,
    pub used_mb: u64,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClockFrame {
    #[serde(rename = "type")]
    kind: &'static str,
    time_ms: u64,
    difference_ms: i64,
    is_off: bool,
}

impl ClockFrame {
    /// The server's clock, since 1970, beside the client's.
    pub fn new(server: Duration, client_ms: u64) -> Self {
        let time_ms = u64::try_from(server.as_millis()).unwrap_or(u64::MAX);
        let apart = time_ms.abs_diff(client_ms);
        let size = i64::try_from(apart).unwrap_or(i64::MAX);
        let difference_ms = if time_ms < client_ms { -size } else { size };
        Self { kind: "clock", time_ms, difference_ms, is_off: apart > CLOCK_TOLERANCE_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_off_beyond_five_seconds() {
        let cases = [(0, false), (5000, false), (5001, true), (-5000, false), (-5001, true), (-99_000, true)];
        for (difference, is_off) in cases {
            let frame = ClockFrame::new(Duration::from_micros(100_000_900), 100_000_u64.checked_add_signed(-difference).unwrap());
            assert_eq!(frame, ClockFrame { kind: "clock", time_ms: 100_000, difference_ms: difference, is_off });
        }
    }

    #[test]
    fn queries() {
        for (query, expected) in [("", false), ("sys=1", true), ("sys", true), ("sys=true&", true), ("sys=0", false)] {
            assert_eq!(wants_machine(query), Ok(expected), "{query}");
        }
        for (query, field) in [("sys=2", "sys"), ("sys=1&sys=1", "sys"), ("all=1", "all"), ("sys=1&x", "x")] {
            let refusal = wants_machine(query).unwrap_err();
            assert_eq!((refusal.code, refusal.details.field.as_deref()), (Code::BadField, Some(field)), "{query}");
        }
    }
}
