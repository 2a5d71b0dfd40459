//! The jobs of a batch: lines of text, read one after the other, never more than those that are under way. Looks at
//! no more of a line than it must; what else is in it is the server's to judge. Blocking: runs on a thread of its own.

use super::results::{Earlier, Label, NotOurs};
use crate::protocol::{Code, Refusal, render};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, Read};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The longest line that is read.
const LONGEST: usize = 256 << 20;

/// What a line turned out to be.
pub(super) enum Item {
    Job(Job),
    Unfit(Box<Unfit>),
    /// There is a result of it already.
    Earlier {
        language: Option<String>,
        label: Label,
        size: u64,
    },
}

pub(super) struct Job {
    pub(super) line: u64,
    pub(super) id: String,
    pub(super) language: Option<String>,
    /// Cheap to clone: it may have to be sent again.
    pub(super) frame: Utf8Bytes,
    /// Of the line in bytes, for the progress.
    pub(super) size: u64,
}

/// A line that is no job, or whose id was used before.
pub(super) struct Unfit {
    pub(super) line: u64,
    pub(super) id: Option<String>,
    pub(super) refusal: Refusal,
    pub(super) size: u64,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ReadFault {
    #[error("can't read the jobs: {0}")]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
}

/// Reads on, line by line. Of each line that has passed it keeps 64 bits of its id's hash, 10 to 20 MB for a million:
/// two ids of a million share one, and the second is called used, once in 37 million batches.
pub(super) struct Lines<'a, Input> {
    input: Input,
    number: u64,
    seen: HashSet<u64>,
    earlier: &'a Earlier,
    /// How many of the earlier results were met.
    met: usize,
    buffer: Vec<u8>,
}

impl<'a, Input: BufRead> Lines<'a, Input> {
    pub(super) fn new(input: Input, earlier: &'a Earlier) -> Self {
        Self { input, number: 0, seen: HashSet::new(), earlier, met: 0, buffer: Vec::new() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Item>, ReadFault> {
        loop {
            let size = self.read_line()?;
            if size == 0 {
                return self.end();
            }
            self.number += 1;
            if !self.buffer.trim_ascii().is_empty() {
                return self.item(size).map(Some);
            }
        }
    }

    /// Everything to the end of a line; of one that is too long no more than shows it. How long it was; 0 at the end.
    fn read_line(&mut self) -> Result<u64, std::io::Error> {
        self.buffer.clear();
        // What one large line needed is not held for all the others.
        self.buffer.shrink_to(1 << 20);
        let mut size = self.input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut self.buffer)? as u64;
        if self.buffer.len() > LONGEST && !self.buffer.ends_with(b"\n") {
            size += self.input.skip_until(b'\n')? as u64;
        }
        Ok(size)
    }

    fn item(&mut self, size: u64) -> Result<Item, ReadFault> {
        let line = self.number;
        let mut read = look(line, &self.buffer, size);
        if let Ok(job) = &read
            && !self.seen.insert(self.earlier.hash(Some(&job.id)))
        {
            let refusal = Refusal::of_field(Code::DuplicateId, "id", format!("the id `{}` was used on a line before", job.id));
            read = Err(Box::new(Unfit { line, id: Some(job.id.clone()), refusal, size }));
        }
        let id = match &read {
            Ok(job) => Some(job.id.as_str()),
            Err(unfit) => unfit.id.as_deref(),
        };
        if let Some(label) = self.earlier.find(line, id)? {
            self.met += 1;
            return Ok(Item::Earlier { language: read.ok().and_then(|job| job.language), label, size });
        }
        Ok(read.map_or_else(Item::Unfit, Item::Job))
    }

    fn end(&self) -> Result<Option<Item>, ReadFault> {
        if self.met < self.earlier.len() {
            return Err(NotOurs(format!("it has results of lines that are not among the {} of the jobs", self.number)).into());
        }
        Ok(None)
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type", default, deserialize_with = "present")]
    kind: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    stream: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    priority: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    language: Option<Value>,
}

/// `null` is a value here: what is there can't be put there again.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A line as the frame that is sent: what it lacks is put in front of its fields, which stay as they are.
fn look(line: u64, bytes: &[u8], size: u64) -> Result<Job, Box<Unfit>> {
    let unfit = |id: Option<&str>, refusal| Box::new(Unfit { line, id: id.map(str::to_owned), refusal, size });
    if bytes.len() > LONGEST {
        return Err(unfit(None, Refusal::new(Code::TooLarge, format!("the line has {size} bytes, the most allowed is {LONGEST}"))));
    }
    let text = str::from_utf8(bytes).map_err(|_| unfit(None, Refusal::new(Code::BadJson, "the line is not UTF-8")))?;
    // Some editors mark the beginning of a file.
    let text = text.trim_start_matches('\u{feff}').trim();
    let head: Head = serde_json::from_str(text).map_err(|fault| {
        let message = fault.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let message = if message.starts_with("duplicate") { message.to_owned() } else { format!("a job is a JSON object: {message}") };
        unfit(None, Refusal::new(Code::BadJson, message))
    })?;
    // An array would do for the head, field by field.
    let Some(fields) = text.strip_prefix('{') else {
        return Err(unfit(None, Refusal::new(Code::BadJson, "a job is a JSON object")));
    };
    let own_id = match &head.id {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.as_str()),
        Some(_) => return Err(unfit(None, Refusal::of_field(Code::BadField, "id", "`id` must be a string"))),
    };
    if head.kind.as_ref().is_some_and(|kind| !kind.is_null() && kind != "run") {
        return Err(unfit(own_id, Refusal::of_field(Code::BadFrame, "type", "a job is a `run`, and its `type` is not needed")));
    }
    let id = own_id.map_or_else(|| line.to_string(), str::to_owned);
    let missing = [
        ("type", r#""run""#.to_owned(), &head.kind),
        ("id", render::json(&id), &head.id),
        // Nobody looks at it before the end.
        ("stream", "false".to_owned(), &head.stream),
        ("priority", r#""batch""#.to_owned(), &head.priority),
    ];
    let frame = if missing.iter().any(|(_, _, value)| matches!(value, Some(Value::Null))) {
        without_nulls(text, &missing)
    } else {
        let mut frame = String::with_capacity(text.len() + 64);
        for (name, value, _) in missing.iter().filter(|(_, _, value)| value.is_none()) {
            frame.push_str(if frame.is_empty() { "{\"" } else { ",\"" });
            frame.push_str(name);
            frame.push_str("\":");
            frame.push_str(value);
        }
        let is_empty = fields.trim_start().starts_with('}');
        frame.push_str(if frame.is_empty() {
            "{"
        } else if is_empty {
            ""
        } else {
            ","
        });
        frame.push_str(fields);
        frame
    };
    let language = head.language.as_ref().and_then(Value::as_str).map(str::to_owned);
    Ok(Job { line, id, language, frame: frame.into(), size })
}

/// The rare line that says `"id": null`: its fields are taken apart and put together again.
fn without_nulls(text: &str, missing: &[(&str, String, &Option<Value>)]) -> String {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
    for (name, value, given) in missing {
        if given.as_ref().is_none_or(Value::is_null)
            && let Ok(value) = RawValue::from_string(value.clone())
        {
            fields.insert((*name).to_owned(), value);
        }
    }
    render::json(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn frame(text: &str) -> Value {
        let job = look(7, text.as_bytes(), 0).unwrap_or_else(|unfit| panic!("{}", unfit.refusal.message));
        serde_json::from_str(&job.frame).unwrap_or_else(|fault| panic!("{fault}: {}", job.frame))
    }

    #[test]
    fn what_is_missing_is_put_in_front() {
        assert_eq!(frame("{}"), json!({"type": "run", "id": "7", "stream": false, "priority": "batch"}));
        assert_eq!(frame(" { } \r\n"), json!({"type": "run", "id": "7", "stream": false, "priority": "batch"}));
        assert_eq!(
            frame(r#"{"id":"a","code":"{\"id\":1}"}"#),
            json!({"type": "run", "id": "a", "stream": false, "priority": "batch", "code": "{\"id\":1}"})
        );
        assert_eq!(
            frame(r#"{"type":"run","id":"a","stream":true,"x":1}"#),
            json!({"type": "run", "id": "a", "stream": true, "priority": "batch", "x": 1})
        );
        assert_eq!(
            frame(r#"{"id":null,"stream":null,"x":1}"#),
            json!({"type": "run", "id": "7", "stream": false, "priority": "batch", "x": 1})
        );
        assert_eq!(frame("\u{feff}{\"x\":1}"), json!({"type": "run", "id": "7", "stream": false, "priority": "batch", "x": 1}));
        // Bytes that only a parser that rounds would change.
        let job = look(1, br#"{"meta":1.00000000000000000001,"id":"a"}"#, 0).unwrap_or_else(|unfit| panic!("{}", unfit.refusal.message));
        assert_eq!(job.frame.as_str(), r#"{"type":"run","stream":false,"priority":"batch","meta":1.00000000000000000001,"id":"a"}"#);
    }

    #[test]
    fn what_is_no_job_is_told() {
        let cases = [
            ("x", Code::BadJson, None),
            ("[]", Code::BadJson, None),
            (r#"["run","a",false,"py"]"#, Code::BadJson, None),
            (r#"{"id":"a","id":"b"}"#, Code::BadJson, None),
            (r#"{"id":7}"#, Code::BadField, None),
            (r#"{"type":"cancel","id":"a"}"#, Code::BadFrame, Some("a")),
        ];
        for (text, code, id) in cases {
            let unfit = look(1, text.as_bytes(), 0).err().unwrap_or_else(|| panic!("{text}"));
            assert_eq!((unfit.refusal.code, unfit.id.as_deref()), (code, id), "{text}");
        }
    }

    #[test]
    fn blank_lines_count_and_ids_are_used_once() {
        let earlier = Earlier::none();
        let text = "\n{\"id\":\"4\"}\n   \n{}\n{\"id\":\"x\"}";
        let mut lines = Lines::new(text.as_bytes(), &earlier);
        let mut seen = Vec::new();
        while let Some(item) = lines.next().unwrap_or_else(|fault| panic!("{fault}")) {
            seen.push(match item {
                Item::Job(job) => (job.line, job.id, true),
                Item::Unfit(unfit) => (unfit.line, unfit.id.unwrap_or_default(), false),
                Item::Earlier { .. } => panic!("there is nothing earlier"),
            });
        }
        // The line without an id has its number, which the second line took.
        assert_eq!(seen, [(2, "4".to_owned(), true), (4, "4".to_owned(), false), (5, "x".to_owned(), true)]);
    }
}
