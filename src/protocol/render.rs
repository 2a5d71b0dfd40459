//! Events -> frames. Called by the doors; decides nothing. Bytes that are not text become `base64`.

pub mod workspace;

use super::schema::{self, Shape};
use super::{Code, Details, Refusal, answers, text};
use crate::event::{Compiled, Event, Line, Outcome, Pipe, TestResult, Text};
use crate::judge;
use crate::judge::test::{Short, TestStatus, overall};
use crate::limits::Figures;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

#[derive(Serialize, JsonSchema)]
struct QueuedFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    position: usize,
}

#[derive(Serialize, JsonSchema)]
struct PreparingFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    what: &'a str,
    progress: f32,
}

#[derive(Serialize, JsonSchema)]
struct StartedFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    #[schemars(extend("enum" = schema::ENGINES))]
    engine: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct WaitingFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct OutputFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    seq: u64,
    t_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct LineFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    stream: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
    pos: u64,
    time_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    eof: bool,
}

#[derive(Serialize, JsonSchema)]
struct ResultFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    execution: ExecutionPart<'a>,
    compile: CompilePart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_results: Option<TestsPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<SummaryPart>,
    outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<workspace::FilesPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<workspace::SavedPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
}

#[derive(Serialize, JsonSchema)]
struct ExecutionPart<'a> {
    #[schemars(extend("enum" = schema::STATUSES))]
    status: &'static str,
    exit_code: Option<i32>,
    signal: Option<&'a str>,
    message: Option<&'a str>,
    stdout: Option<TextPart<'a>>,
    stderr: Option<TextPart<'a>>,
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

#[derive(Serialize, JsonSchema)]
struct CompilePart<'a> {
    ok: bool,
    output: TextPart<'a>,
    truncated: bool,
    time_ms: f64,
    cached: bool,
}

#[derive(Serialize, JsonSchema)]
struct TestFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    test: TestPart<'a>,
}

#[derive(Serialize, JsonSchema)]
struct TestsPart<'a> {
    visible: Vec<TestPart<'a>>,
    hidden: Vec<TestPart<'a>>,
}

/// What everybody may see of a test, and what only a visible one shows.
struct TestPart<'a> {
    id: &'a str,
    status: &'static str,
    verdict: Option<&'static str>,
    execution_time_ms: Option<f64>,
    cpu_time_ms: Option<f64>,
    memory_usage_mb: Option<f64>,
    shown: Option<ShownPart<'a>>,
}

struct ShownPart<'a> {
    description: Option<&'a str>,
    input: BytesPart<'a>,
    expected_output: Option<BytesPart<'a>>,
    actual_output: Option<TextPart<'a>>,
    actual_output_truncated: bool,
    exit_code: Option<i32>,
    message: Option<&'a str>,
    error: Option<TextPart<'a>>,
}

impl JsonSchema for TestPart<'_> {
    fn schema_name() -> Cow<'static, str> {
        "TestPart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema::test(generator)
    }
}

impl Serialize for TestPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, status, verdict, execution_time_ms, cpu_time_ms, memory_usage_mb, shown } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("status", status)?;
        map.serialize_entry("verdict", verdict)?;
        if let Some(shown) = shown {
            let ShownPart { description, input, expected_output, actual_output, actual_output_truncated, exit_code, message, error } =
                shown;
            map.serialize_entry("description", description)?;
            map.serialize_entry("input", input)?;
            map.serialize_entry("expected_output", expected_output)?;
            map.serialize_entry("actual_output", actual_output)?;
            map.serialize_entry("actual_output_truncated", actual_output_truncated)?;
            map.serialize_entry("exit_code", exit_code)?;
            map.serialize_entry("message", message)?;
            map.serialize_entry("error", error)?;
        }
        map.serialize_entry("execution_time_ms", execution_time_ms)?;
        map.serialize_entry("cpu_time_ms", cpu_time_ms)?;
        map.serialize_entry("memory_usage_mb", memory_usage_mb)?;
        map.end()
    }
}

#[derive(Serialize, JsonSchema)]
struct SummaryPart {
    visible_passed: usize,
    visible_failed: usize,
    hidden_passed: usize,
    hidden_failed: usize,
    #[schemars(extend("enum" = schema::VERDICTS))]
    verdict: &'static str,
}

/// What a client sent, as it would be sent back: text where it is text.
struct BytesPart<'a>(&'a [u8]);

impl Serialize for BytesPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => base64_part(self.0, serializer),
        }
    }
}

fn base64_part<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("base64", &text::to_base64(bytes))?;
    map.end()
}

#[derive(Serialize, JsonSchema)]
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

pub(super) struct TextPart<'a>(&'a Text);

impl JsonSchema for TextPart<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema::text(generator)
    }
}

impl Serialize for TextPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Text::Utf8(text) => serializer.serialize_str(text),
            Text::Binary(bytes) => base64_part(bytes, serializer),
        }
    }
}

#[derive(Serialize, JsonSchema)]
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

#[derive(Serialize, JsonSchema)]
pub struct WelcomeFrame {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub protocol: &'static str,
    pub version: &'static str,
    pub build: &'static str,
    pub languages: Vec<LanguagePart>,
    pub limits: ServerLimits,
}

#[derive(Serialize, JsonSchema)]
pub struct LanguagePart {
    pub name: String,
    pub aliases: Vec<String>,
    pub version: String,
    #[schemars(extend("enum" = schema::ENGINES))]
    pub engine: &'static str,
    #[schemars(extend("enum" = schema::STATES))]
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much of the preparation is done, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f32>,
    pub limits: LimitsPart,
    pub example: String,
}

#[derive(Serialize, JsonSchema)]
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
#[derive(Serialize, JsonSchema)]
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

/// Every frame that a server sends, for the schema.
pub(super) fn shapes() -> [Shape; 15] {
    [
        Shape::of::<WelcomeFrame>("welcome"),
        Shape::of::<QueuedFrame<'_>>("queued"),
        Shape::of::<PreparingFrame<'_>>("preparing"),
        Shape::of::<StartedFrame<'_>>("started"),
        Shape::of::<CompiledFrame<'_>>("compiled"),
        Shape::of::<OutputFrame<'_>>("stdout"),
        Shape::of::<OutputFrame<'_>>("stderr"),
        Shape::of::<LineFrame<'_>>("line"),
        Shape::of::<WaitingFrame<'_>>("waiting"),
        Shape::of::<TestFrame<'_>>("test"),
        Shape::of::<ResultFrame<'_>>("result"),
        Shape::of::<workspace::WorkspaceFrame<'_>>("workspace"),
        Shape::of::<answers::GlanceFrame>("glance"),
        Shape::of::<answers::ClockFrame>("clock"),
        Shape::of::<ErrorFrame<'_>>("error"),
    ]
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
        Event::Preparing { what, share } => json(&PreparingFrame { kind: "preparing", id, what, progress: hundredths(*share) }),
        Event::Started { engine } => json(&StartedFrame { kind: "started", id, engine }),
        Event::Compiled(compiled) => {
            let CompilePart { ok, output, truncated, time_ms, cached } = compile_part(compiled);
            json(&CompiledFrame { kind: "compiled", id, ok, output, truncated, time_ms, cached })
        }
        Event::Test(result) => json(&TestFrame { kind: "test", id, test: test_part(result) }),
        Event::Output { test, pipe, seq, at, data } => output(id, test.as_deref().map(|case| case.id.as_str()), (*pipe, *seq, *at), data),
        Event::Line { test, line: told } => line(id, test.as_deref().map(|case| case.id.as_str()), told),
        Event::Waiting => json(&WaitingFrame { kind: "waiting", id }),
        Event::Ended(outcome) => result(id, meta, outcome),
    }
}

fn output(id: &str, test: Option<&str>, (pipe, seq, at): (Pipe, u64, Duration), text: &Text) -> String {
    let (data, base64) = text_or_base64(text);
    json(&OutputFrame { kind: stream(pipe), id, seq, t_ms: milliseconds(at), test, data, base64 })
}

fn line(id: &str, test: Option<&str>, line: &Line) -> String {
    let Line { pipe, pos, at, data, is_cut, is_last } = line;
    let (data, base64) = text_or_base64(data);
    let time_ns = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let (stream, pos, cut, eof) = (stream(*pipe), *pos, *is_cut, *is_last);
    json(&LineFrame { kind: "line", id, stream, test, pos, time_ns, data, base64, cut, eof })
}

fn stream(pipe: Pipe) -> &'static str {
    match pipe {
        Pipe::Stdout => "stdout",
        Pipe::Stderr => "stderr",
    }
}

fn text_or_base64(text: &Text) -> (Option<&str>, Option<String>) {
    match text {
        Text::Utf8(text) => (Some(text.as_str()), None),
        Text::Binary(bytes) => (None, Some(text::to_base64(bytes))),
    }
}

/// The last frame of a run.
pub fn result(id: &str, meta: Option<&str>, outcome: &Outcome) -> String {
    let Outcome {
        verdict,
        outcome: colour,
        compiled,
        tests,
        facts,
        stdout,
        stderr,
        stdout_truncated,
        stderr_truncated,
        files,
        workspace,
        queue_time,
        code_size,
        in_size,
        out_size,
    } = outcome;
    let facts = facts.as_ref();
    // With hidden tests only, nothing that a program wrote is shown.
    let is_shown = tests.as_ref().is_none_or(|tests| tests.iter().any(|test| !test.case.is_hidden));
    let execution = ExecutionPart {
        status: verdict.status.word(),
        exit_code: verdict.exit_code,
        signal: verdict.signal.as_deref(),
        message: verdict.message.as_deref(),
        stdout: is_shown.then_some(TextPart(stdout)),
        stderr: is_shown.then_some(TextPart(stderr)),
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
    let failed_to_compile = compiled.as_ref().is_some_and(|compiled| !compiled.ok);
    let test_results = tests.as_ref().map(|tests| {
        let part = |is_hidden| tests.iter().filter(|test| test.case.is_hidden == is_hidden).map(|test| test_part(test)).collect();
        TestsPart { visible: part(false), hidden: part(true) }
    });
    let summary = tests.as_ref().map(|tests| summary(tests, failed_to_compile));
    let (files, workspace) = (files.as_ref().map(workspace::files), workspace.as_ref().map(workspace::saved));
    let (outcome, outcome_message) = (colour.colour.as_deref(), colour.message.as_deref());
    json(&ResultFrame { kind: "result", id, execution, compile, test_results, summary, outcome, outcome_message, files, workspace, meta })
}

fn test_part(result: &TestResult) -> TestPart<'_> {
    let TestResult { case, status, message, facts, stdout, stderr, stdout_truncated, .. } = result;
    let verdict = status.short().map(short);
    let execution_time_ms = facts.as_ref().map(|facts| milliseconds(facts.execution));
    // The tests of a harness share one sandbox: nobody knows what each of them takes.
    let measured = facts.as_ref().filter(|facts| facts.memory_peak > 0);
    let cpu_time_ms = measured.map(|facts| milliseconds(facts.cpu));
    let memory_usage_mb = measured.map(|facts| megabytes(facts.memory_peak));
    let shown = (!case.is_hidden).then(|| {
        let error = facts.as_ref().filter(|_| !status.is_good() && !stderr.is_empty()).map(|_| TextPart(stderr));
        ShownPart {
            description: case.description.as_deref(),
            input: BytesPart(&case.input),
            expected_output: case.expected.as_deref().map(BytesPart),
            actual_output: (*status != TestStatus::Skipped).then_some(TextPart(stdout)),
            actual_output_truncated: *stdout_truncated,
            exit_code: facts.as_ref().and_then(|facts| judge::verdict(facts).exit_code),
            message: message.as_deref(),
            error,
        }
    });
    TestPart { id: &case.id, status: status.word(), verdict, execution_time_ms, cpu_time_ms, memory_usage_mb, shown }
}

fn summary(tests: &[Arc<TestResult>], failed_to_compile: bool) -> SummaryPart {
    // What a harness skips by its own will is neither good nor bad.
    let counted = || tests.iter().filter(|test| test.status != TestStatus::Skipped || test.facts.is_none());
    let count = |is_hidden: bool, is_good: bool| {
        counted().filter(|test| test.case.is_hidden == is_hidden && test.status.is_good() == is_good).count()
    };
    let verdict = if failed_to_compile { Short::Ce } else { overall(counted().map(|test| test.status)) };
    SummaryPart {
        visible_passed: count(false, true),
        visible_failed: count(false, false),
        hidden_passed: count(true, true),
        hidden_failed: count(true, false),
        verdict: short(verdict),
    }
}

pub fn short(short: Short) -> &'static str {
    match short {
        Short::Ac => "AC",
        Short::Wa => "WA",
        Short::Rte => "RTE",
        Short::Tle => "TLE",
        Short::Mle => "MLE",
        Short::Ole => "OLE",
        Short::Ce => "CE",
        Short::Sk => "SK",
        Short::Je => "JE",
    }
}

static NO_TEXT: Text = Text::Utf8(String::new());

fn compile_part(compiled: &Compiled) -> CompilePart<'_> {
    let Compiled { ok, end: _, output, truncated, time, cached } = compiled;
    CompilePart { ok: *ok, output: TextPart(output), truncated: *truncated, time_ms: milliseconds(*time), cached: *cached }
}

pub fn hundredths(share: f32) -> f32 {
    (share * 100.0).round() / 100.0
}

/// To a thousandth: what is finer is noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 10485.76).round() / 100.0
}
