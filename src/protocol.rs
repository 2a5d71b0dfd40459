//! The words of `runnel.v1` as they stand on the wire, and the one table of error codes. Types have serde and no
//! behaviour; `parse` turns what clients send into jobs, `render` turns events into frames.

pub mod answers;
pub mod body;
pub mod parse;
pub mod render;
pub mod rules;
mod schema;
mod text;

pub use schema::{asyncapi, schema};
pub use text::to_base64;
pub use text::{Data, Pairs};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub const NAME: &str = "runnel.v1";

/// A refusal, ready to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    pub details: Details,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Everything that can be wrong with what a client sends, or with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadJson,
    BadFrame,
    BadField,
    MissingField,
    BadPath,
    UnknownLanguage,
    UnknownRun,
    UnknownWorkspace,
    WorkspaceExists,
    UnknownFile,
    DuplicateId,
    NotRunning,
    LimitTooHigh,
    TooLarge,
    Unauthorized,
    Forbidden,
    ForbiddenOrigin,
    Busy,
    RateLimited,
    LanguageUnavailable,
    ShuttingDown,
    Internal,
}

impl Code {
    pub const ALL: [Self; 22] = [
        Self::BadJson,
        Self::BadFrame,
        Self::BadField,
        Self::MissingField,
        Self::BadPath,
        Self::UnknownLanguage,
        Self::UnknownRun,
        Self::UnknownWorkspace,
        Self::WorkspaceExists,
        Self::UnknownFile,
        Self::DuplicateId,
        Self::NotRunning,
        Self::LimitTooHigh,
        Self::TooLarge,
        Self::Unauthorized,
        Self::Forbidden,
        Self::ForbiddenOrigin,
        Self::Busy,
        Self::RateLimited,
        Self::LanguageUnavailable,
        Self::ShuttingDown,
        Self::Internal,
    ];

    /// As frames have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadFrame => "bad_frame",
            Self::BadField => "bad_field",
            Self::MissingField => "missing_field",
            Self::BadPath => "bad_path",
            Self::UnknownLanguage => "unknown_language",
            Self::UnknownRun => "unknown_run",
            Self::UnknownWorkspace => "unknown_workspace",
            Self::WorkspaceExists => "workspace_exists",
            Self::UnknownFile => "unknown_file",
            Self::DuplicateId => "duplicate_id",
            Self::NotRunning => "not_running",
            Self::LimitTooHigh => "limit_too_high",
            Self::TooLarge => "too_large",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::LanguageUnavailable => "language_unavailable",
            Self::ShuttingDown => "shutting_down",
            Self::Internal => "internal",
        }
    }

    pub fn http_status(self) -> u16 {
        match self {
            Self::BadJson
            | Self::BadFrame
            | Self::BadField
            | Self::MissingField
            | Self::BadPath
            | Self::UnknownLanguage
            | Self::UnknownRun
            | Self::DuplicateId
            | Self::NotRunning
            | Self::LimitTooHigh
            | Self::TooLarge => 400,
            Self::UnknownWorkspace | Self::UnknownFile => 404,
            Self::WorkspaceExists => 409,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::ForbiddenOrigin => 403,
            Self::Busy | Self::RateLimited => 429,
            Self::LanguageUnavailable | Self::ShuttingDown => 503,
            Self::Internal => 500,
        }
    }
}

/// Close codes of the socket.
pub mod close {
    pub const GOING_AWAY: u16 = 1001;
    pub const NOT_TEXT: u16 = 1003;
    pub const NOT_UTF8: u16 = 1007;
    pub const TOO_LARGE: u16 = 1009;
    pub const RESTART: u16 = 1012;
    pub const UNAUTHORIZED: u16 = 4401;
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Details::default() }
    }

    /// More than a bound allows.
    pub fn of_bound(code: Code, field: &str, (limit, given): (u64, u64), message: impl Into<String>) -> Self {
        let refusal = Self::of_field(code, field, message);
        Self { details: Details { limit: Some(limit), given: Some(given), ..refusal.details }, ..refusal }
    }

    pub fn of_field(code: Code, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { details: Details { field: Some(field.into()), ..Details::default() }, ..Self::new(code, message) }
    }
}

/// What a client wrote, short enough to be told back.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(80)]
}

/// What every frame begins with; the rest is read when the type is known.
#[derive(Debug, Deserialize)]
pub struct Head {
    #[serde(rename = "type")]
    pub kind: Option<serde_json::Value>,
    pub id: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelloFrame {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub token: Option<String>,
    /// What the client calls itself; nothing depends on it.
    #[serde(rename = "client")]
    pub(crate) _client: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StdinFrame {
    #[serde(rename = "type")]
    _kind: String,
    pub id: String,
    pub data: Option<String>,
    pub base64: Option<String>,
    #[serde(default)]
    pub eof: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelFrame {
    #[serde(rename = "type")]
    _kind: String,
    pub id: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalFrame {
    #[serde(rename = "type")]
    _kind: String,
    pub id: String,
    /// As Linux names it: `SIGINT`
    pub signal: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenFrame {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub id: Option<String>,
    pub workspace: Option<String>,
    #[serde(default)]
    pub files: Option<Pairs<Data>>,
    pub ttl_s: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListFrame {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub id: Option<String>,
    pub workspace: Option<String>,
    pub path: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadFrame {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub id: Option<String>,
    pub workspace: String,
    pub path: String,
    pub max_bytes: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseFrame {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub id: Option<String>,
    pub workspace: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectFrame {
    pub paths: Option<Vec<String>>,
    pub changes: Option<bool>,
    pub max_files: Option<usize>,
    pub max_bytes: Option<u64>,
}

/// `run`, field by field as the protocol's page has it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunFrame<'a> {
    #[serde(rename = "type")]
    pub(crate) _kind: String,
    pub id: String,
    pub language: String,
    pub code: Option<Data>,
    #[serde(default)]
    pub files: Option<Pairs<Data>>,
    pub main: Option<String>,
    #[serde(default)]
    pub args: Option<Vec<String>>,
    #[serde(default)]
    pub env: Option<Pairs<String>>,
    pub stdin: Option<Data>,
    #[serde(default)]
    pub interactive: Option<bool>,
    pub limits: Option<LimitsFrame>,
    pub deterministic: Option<DeterministicFrame>,
    pub command: Option<Vec<String>>,
    pub image: Option<String>,
    pub terminal: Option<bool>,
    /// For the compile step, before the sources
    pub compile_args: Option<Vec<String>>,
    /// For the compile step, behind the sources
    pub link_args: Option<Vec<String>>,
    pub stream: Option<StreamWish>,
    #[serde(borrow)]
    pub meta: Option<&'a RawValue>,
    /// The caller's span in a trace, as W3C's header of that name
    pub traceparent: Option<String>,
    pub tests: Option<TestsFrame>,
    pub compare: Option<CompareFrame>,
    pub stop_on_failure: Option<bool>,
    pub harness: Option<HarnessFrame>,
    pub collect: Option<CollectFrame>,
    pub workspace: Option<String>,
    pub remove: Option<Vec<String>>,
    pub rules: Option<rules::RulesText>,
    /// Of a line, where `stream` is `"lines"`.
    pub width: Option<usize>,
    pub priority: Option<Priority>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFrame {
    pub time_ms: Option<u64>,
    pub wall_ms: Option<u64>,
    pub compile_ms: Option<u64>,
    pub memory_mb: Option<u64>,
    pub output_kb: Option<u64>,
    pub files_mb: Option<u64>,
    pub processes: Option<u64>,
    pub fuel: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeterministicFrame {
    #[serde(default)]
    pub seed: Option<u64>,
    pub now: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestsFrame {
    #[serde(default)]
    pub visible: Vec<TestFrame>,
    #[serde(default)]
    pub hidden: Vec<TestFrame>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TestCase")] // `TestFrame` is what the server sends
pub struct TestFrame {
    pub id: String,
    pub input: Option<Data>,
    pub expected_output: Option<Data>,
    pub expected_exit_code: Option<i32>,
    pub description: Option<String>,
    pub args: Option<Vec<String>>,
    pub files: Option<Pairs<Data>>,
    pub limits: Option<LimitsFrame>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompareFrame {
    Exact,
    Lines,
    Tokens,
    TokensIgnoreCase,
    UnorderedLines,
    Float(FloatFrame),
    Checker(Box<HelperFrame>),
    Interactor(Box<HelperFrame>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloatFrame {
    #[serde(default)]
    pub abs: f64,
    #[serde(default)]
    pub rel: f64,
    #[serde(default)]
    pub ignore_case: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HarnessFrame {
    pub code: Option<Data>,
    pub files: Option<Pairs<Data>>,
    pub main: Option<String>,
    #[serde(default)]
    pub hidden: bool,
}

/// A checker or an interactor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelperFrame {
    pub language: String,
    pub code: Option<Data>,
    pub files: Option<Pairs<Data>>,
    pub main: Option<String>,
    pub args: Option<Vec<String>>,
    pub env: Option<Pairs<String>>,
    pub limits: Option<LimitsFrame>,
    pub style: Option<StyleName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StyleName {
    Runnel,
    Kattis,
    Testlib,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Interactive,
    Batch,
}

/// `true`, `false` or `"lines"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamWish {
    Live,
    Quiet,
    Lines,
}

impl<'de> Deserialize<'de> for StreamWish {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::one_of(deserializer)
    }
}
