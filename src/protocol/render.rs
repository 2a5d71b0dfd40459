//! Events -> frames. Called by the doors; decides nothing. Bytes that are not text become `base64`.

use super::{Code, Details, Refusal, text};
use crate::event::{Compiled, Event, Outcome, Pipe, Text};
use crate::judge::Status;
use crate::limits::Figures;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::time::Duration;

#[derive(Serialize)]
struct QueuedFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    position: usize,
}

#[derive(Serialize)]
struct PreparingFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    what: &'a str,
    progress: f32,
}

#[derive(Serialize)]
struct StartedFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    engine: &'static str,
}

#[derive(Serialize)]
struct WaitingFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
struct OutputFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    seq: u64,
    t_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize)]
struct ResultFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    execution: ExecutionPart<'a>,
    compile: CompilePart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct ExecutionPart<'a> {
    status: &'static str,
    exit_code: Option<i32>,
    signal: Option<&'a str>,
    message: Option<&'a str>,
    stdout: TextPart<'a>,
    stderr: TextPart<'a>,
    stdout_truncated: bool,
    stderr_truncated: bool,
    execution_time_ms: Option<f64>,
    cpu_time_ms: Option<f64>,
    wall_time_ms: Option<f64>,
    queue_time_ms: f64,
    memory_usage_mb: Option<f64>,
    fuel: Option<u64>,
    code_size: u64,
    in_size: u64,
    out_size: u64,
}

#[derive(Serialize)]
struct CompilePart<'a> {
    ok: bool,
    output: TextPart<'a>,
    truncated: bool,
    time_ms: f64,
    cached: bool,
}

#[derive(Serialize)]
struct CompiledFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    ok: bool,
    output: TextPart<'a>,
    truncated: bool,
    time_ms: f64,
    cached: bool,
}

struct TextPart<'a>(&'a Text);

impl Serialize for TextPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Text::Utf8(text) => serializer.serialize_str(text),
            Text::Binary(bytes) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &text::to_base64(bytes))?;
                map.end()
            }
        }
    }
}

#[derive(Serialize)]
struct ErrorFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    code: Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: &'a Details,
}

#[derive(Serialize)]
pub struct WelcomeFrame {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub protocol: &'static str,
    pub version: &'static str,
    pub build: &'static str,
    pub languages: Vec<LanguagePart>,
    pub limits: ServerLimits,
}

#[derive(Serialize)]
pub struct LanguagePart {
    pub name: String,
    pub aliases: Vec<String>,
    pub version: String,
    pub engine: &'static str,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub limits: LimitsPart,
    pub example: String,
}

#[derive(Serialize)]
pub struct LimitsPart {
    time_ms: u64,
    wall_ms: u64,
    compile_ms: u64,
    memory_mb: u64,
    output_kb: u64,
    files_mb: u64,
    processes: u64,
}

/// The most that a client may ask for or send.
#[derive(Serialize)]
pub struct ServerLimits {
    pub most: LimitsPart,
    pub max_frame_bytes: usize,
    pub stdin_kb: u64,
    pub capture_kb: usize,
    pub files: usize,
    pub runs: usize,
}

impl From<&Figures> for LimitsPart {
    fn from(figures: &Figures) -> Self {
        let Figures { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes } = *figures;
        Self { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes }
    }
}

impl Details {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub fn json(frame: &impl Serialize) -> String {
    // Our own types: strings as keys, no failing serializers.
    serde_json::to_string(frame).unwrap_or_default()
}

pub fn error(id: Option<&str>, refusal: &Refusal) -> String {
    let Refusal { code, message, details } = refusal;
    json(&ErrorFrame { kind: "error", id, code: *code, message, details })
}

pub fn event(id: &str, meta: Option<&str>, event: &Event) -> String {
    match event {
        Event::Queued { position } => json(&QueuedFrame { kind: "queued", id, position: *position }),
        Event::Preparing { what, share } => {
            json(&PreparingFrame { kind: "preparing", id, what, progress: (share * 100.0).round() / 100.0 })
        }
        Event::Started { engine } => json(&StartedFrame { kind: "started", id, engine }),
        Event::Compiled(compiled) => {
            let CompilePart { ok, output, truncated, time_ms, cached } = compile_part(compiled);
            json(&CompiledFrame { kind: "compiled", id, ok, output, truncated, time_ms, cached })
        }
        Event::Output { pipe, seq, at, data } => output(id, *pipe, *seq, *at, data),
        Event::Waiting => json(&WaitingFrame { kind: "waiting", id }),
        Event::Ended(outcome) => result(id, meta, outcome),
    }
}

fn output(id: &str, pipe: Pipe, seq: u64, at: Duration, text: &Text) -> String {
    let kind = match pipe {
        Pipe::Stdout => "stdout",
        Pipe::Stderr => "stderr",
    };
    let (data, base64) = match text {
        Text::Utf8(text) => (Some(text.as_str()), None),
        Text::Binary(bytes) => (None, Some(text::to_base64(bytes))),
    };
    json(&OutputFrame { kind, id, seq, t_ms: milliseconds(at), data, base64 })
}

/// The last frame of a run.
pub fn result(id: &str, meta: Option<&str>, outcome: &Outcome) -> String {
    let Outcome { verdict, compiled, facts, stdout, stderr, stdout_truncated, stderr_truncated, queue_time, code_size, in_size, out_size } =
        outcome;
    let facts = facts.as_ref();
    let execution = ExecutionPart {
        status: status(verdict.status),
        exit_code: verdict.exit_code,
        signal: verdict.signal.as_deref(),
        message: verdict.message.as_deref(),
        stdout: TextPart(stdout),
        stderr: TextPart(stderr),
        stdout_truncated: *stdout_truncated,
        stderr_truncated: *stderr_truncated,
        execution_time_ms: facts.map(|facts| milliseconds(facts.execution)),
        cpu_time_ms: facts.map(|facts| milliseconds(facts.cpu)),
        wall_time_ms: facts.map(|facts| milliseconds(facts.wall)),
        queue_time_ms: milliseconds(*queue_time),
        memory_usage_mb: facts.map(|facts| megabytes(facts.memory_peak)),
        fuel: facts.and_then(|facts| facts.fuel),
        code_size: *code_size,
        in_size: *in_size,
        out_size: *out_size,
    };
    // An interpreter compiles as part of the run: there was no step that could fail.
    let nothing = || CompilePart { ok: true, output: TextPart(&NO_TEXT), truncated: false, time_ms: 0.0, cached: false };
    let compile = compiled.as_ref().map_or_else(nothing, compile_part);
    // It was JSON when it came.
    let meta = meta.and_then(|meta| serde_json::from_str(meta).ok());
    json(&ResultFrame { kind: "result", id, execution, compile, meta })
}

static NO_TEXT: Text = Text::Utf8(String::new());

fn compile_part(compiled: &Compiled) -> CompilePart<'_> {
    let Compiled { ok, output, truncated, time, cached } = compiled;
    CompilePart { ok: *ok, output: TextPart(output), truncated: *truncated, time_ms: milliseconds(*time), cached: *cached }
}

pub fn status(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Error => "error",
        Status::Timeout => "timeout",
        Status::MemoryLimit => "memory_limit",
        Status::OutputLimit => "output_limit",
        Status::CompileError => "compile_error",
        Status::Cancelled => "cancelled",
        Status::Internal => "internal",
    }
}

/// To a thousandth: what is finer is noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 10485.76).round() / 100.0
}
