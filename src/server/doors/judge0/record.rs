//! A submission as it is kept and as it is told: what was asked, what became of it. Pure.

use crate::protocol::to_base64;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// Bytes, which need not be text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blob(pub(super) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_base64(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Judge0's statuses, by their ids from 1.
pub(super) const STATUSES: [&str; 14] = [
    "In Queue",
    "Processing",
    "Accepted",
    "Wrong Answer",
    "Time Limit Exceeded",
    "Compilation Error",
    "Runtime Error (SIGSEGV)",
    "Runtime Error (SIGXFSZ)",
    "Runtime Error (SIGFPE)",
    "Runtime Error (SIGABRT)",
    "Runtime Error (NZEC)",
    "Runtime Error (Other)",
    "Internal Error",
    "Exec Format Error",
];
pub(super) const IN_QUEUE: u8 = 1;
pub(super) const PROCESSING: u8 = 2;
pub(super) const ACCEPTED: u8 = 3;
pub(super) const WRONG_ANSWER: u8 = 4;
pub(super) const TIME_LIMIT: u8 = 5;
pub(super) const COMPILATION: u8 = 6;
pub(super) const SIGSEGV: u8 = 7;
pub(super) const SIGXFSZ: u8 = 8;
pub(super) const SIGFPE: u8 = 9;
pub(super) const SIGABRT: u8 = 10;
pub(super) const NZEC: u8 = 11;
pub(super) const OTHER: u8 = 12;
pub(super) const INTERNAL: u8 = 13;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) token: String,
    /// Whose it is, where clients have tokens.
    pub(super) owner: Option<String>,
    pub(super) language_id: u64,
    pub(super) language: String,
    pub(super) source_code: Option<Blob>,
    pub(super) stdin: Option<Blob>,
    pub(super) expected_output: Option<Blob>,
    pub(super) additional_files: Option<Blob>,
    /// The other attributes, as they are told.
    pub(super) attributes: Map<String, Value>,
    /// Since 1970, in ms.
    pub(super) created_at: u64,
    pub(super) finished_at: Option<u64>,
    pub(super) result: Outcome,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: u8,
    pub(super) stdout: Option<Blob>,
    pub(super) stderr: Option<Blob>,
    pub(super) compile_output: Option<Blob>,
    pub(super) message: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) exit_signal: Option<u8>,
    /// In s.
    pub(super) time: Option<f64>,
    pub(super) wall_time: Option<f64>,
    /// In KB.
    pub(super) memory: Option<u64>,
}

/// What is told where nobody says what.
pub(super) const USUAL: [&str; 8] = ["stdout", "time", "memory", "stderr", "token", "compile_output", "message", "status"];
/// Everything that can be asked for, the attributes of a request included.
const FIELDS: [&str; 20] = [
    "token",
    "source_code",
    "language_id",
    "language",
    "stdin",
    "expected_output",
    "additional_files",
    "stdout",
    "stderr",
    "compile_output",
    "message",
    "status",
    "status_id",
    "exit_code",
    "exit_signal",
    "time",
    "wall_time",
    "memory",
    "created_at",
    "finished_at",
];
pub(super) const ATTRIBUTES: [&str; 15] = [
    "compiler_options",
    "command_line_arguments",
    "number_of_runs",
    "cpu_time_limit",
    "cpu_extra_time",
    "wall_time_limit",
    "memory_limit",
    "stack_limit",
    "max_processes_and_or_threads",
    "enable_per_process_and_thread_time_limit",
    "enable_per_process_and_thread_memory_limit",
    "max_file_size",
    "redirect_stderr_to_stdout",
    "callback_url",
    "enable_network",
];

/// The fields of a list such as `stdout,status`, or those that are none.
pub(super) fn fields(list: &str) -> Result<Vec<&str>, Vec<&str>> {
    let asked: Vec<&str> = list.split(',').filter(|field| !field.is_empty()).collect();
    if asked.is_empty() {
        return Ok(USUAL.to_vec());
    }
    if asked == ["*"] {
        return Ok(FIELDS.iter().chain(&ATTRIBUTES).copied().collect());
    }
    let (known, unknown): (Vec<_>, Vec<_>) = asked.into_iter().partition(|field| FIELDS.contains(field) || ATTRIBUTES.contains(field));
    if unknown.is_empty() { Ok(known) } else { Err(unknown) }
}

/// Something is no text, and was not asked for in base64.
pub(super) struct NoText;

impl Record {
    /// What it holds of a client's.
    pub(super) fn bytes(&self) -> usize {
        let all = [&self.source_code, &self.stdin, &self.expected_output, &self.additional_files];
        all.into_iter().flatten().map(|blob| blob.0.len()).sum::<usize>()
    }

    pub(super) fn render(&self, fields: &[&str], base64: bool) -> Result<Value, NoText> {
        let mut told = Map::new();
        for field in fields {
            told.insert((*field).to_owned(), self.field(field, base64)?);
        }
        Ok(told.into())
    }

    fn field(&self, field: &str, base64: bool) -> Result<Value, NoText> {
        let bytes = |blob: Option<&Blob>| match blob {
            None => Ok(Value::Null),
            Some(Blob(bytes)) if base64 => Ok(to_base64(bytes).into()),
            Some(Blob(bytes)) => str::from_utf8(bytes).map(Value::from).map_err(|_| NoText),
        };
        let result = &self.result;
        let message = result.message.as_ref().map(|message| Blob(message.as_bytes().to_vec()));
        Ok(match field {
            "token" => self.token.as_str().into(),
            "source_code" => bytes(self.source_code.as_ref())?,
            "language_id" => self.language_id.into(),
            "language" => json!({"id": self.language_id, "name": self.language}),
            "stdin" => bytes(self.stdin.as_ref())?,
            "expected_output" => bytes(self.expected_output.as_ref())?,
            // An archive is never text.
            "additional_files" => self.additional_files.as_ref().map(|files| to_base64(&files.0)).into(),
            "stdout" => bytes(result.stdout.as_ref())?,
            "stderr" => bytes(result.stderr.as_ref())?,
            "compile_output" => bytes(result.compile_output.as_ref())?,
            "message" => bytes(message.as_ref())?,
            "status" => status(result.status),
            "status_id" => result.status.into(),
            "exit_code" => result.exit_code.into(),
            "exit_signal" => result.exit_signal.into(),
            "time" => result.time.map(seconds).into(),
            "wall_time" => result.wall_time.map(seconds).into(),
            "memory" => result.memory.into(),
            "created_at" => instant(self.created_at).into(),
            "finished_at" => self.finished_at.map(instant).into(),
            attribute => self.attributes.get(attribute).cloned().unwrap_or_default(),
        })
    }
}

pub(super) fn status(id: u8) -> Value {
    json!({"id": id, "description": STATUSES.get(usize::from(id).wrapping_sub(1))})
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// As `2026-01-01T00:00:00.000Z`.
fn instant(milliseconds: u64) -> String {
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    let (seconds, milliseconds) = (rest / 1000, rest % 1000);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{milliseconds:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Of the Gregorian calendar, so many days after the first of 1970. Years begin in March here, so that the odd day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + era * 400, if month < 10 { month + 3 } else { month - 9 });
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(instant(milliseconds), text);
        }
    }

    #[test]
    fn fields_are_known_or_named() {
        assert_eq!(fields("").unwrap(), USUAL);
        assert_eq!(fields("token,status_id").unwrap(), ["token", "status_id"]);
        assert_eq!(fields("token,nothing,stdout,*").unwrap_err(), ["nothing", "*"]);
        assert_eq!(fields("*").unwrap().len(), FIELDS.len() + ATTRIBUTES.len());
    }
}
