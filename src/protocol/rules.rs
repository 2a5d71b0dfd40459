//! `rules`, as a job and a toolchain's file have them: text in, checked rules or the place of a mistake out.

use crate::judge::Status;
use crate::judge::colour::{Draft, Mistake, Rules};
use runnel_link::Pipe;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesText {
    on: Vec<RuleText>,
    #[serde(rename = "else")]
    otherwise: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleText {
    colour: String,
    stream: Option<StreamName>,
    regex: Option<String>,
    #[schemars(with = "Option<ExitCodesShape>")]
    exit_code: Option<ExitCodes>,
    status: Option<StatusName>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StreamName {
    Stdout,
    Stderr,
    Both,
}

/// What `ExitCodes` is read from.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "for the schema")]
enum ExitCodesShape {
    One(i32),
    Several(Vec<i32>),
}

/// `internal` is missing: it says nothing of a program.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StatusName {
    Success,
    Error,
    Timeout,
    MemoryLimit,
    OutputLimit,
    CompileError,
    Cancelled,
}

/// `3` or `[3, 4]`.
#[derive(Debug)]
struct ExitCodes(Vec<i32>);

impl RulesText {
    pub fn check(self) -> Result<Rules, Mistake> {
        let Self { on, otherwise } = self;
        let mut drafts = Vec::with_capacity(on.len());
        for (index, RuleText { colour, stream, regex, exit_code, status }) in on.into_iter().enumerate() {
            let pipes = match stream {
                None | Some(StreamName::Both) => vec![Pipe::Stdout, Pipe::Stderr],
                Some(StreamName::Stdout) => vec![Pipe::Stdout],
                Some(StreamName::Stderr) => vec![Pipe::Stderr],
            };
            if stream.is_some() && regex.is_none() {
                return Err(Mistake { field: format!("on[{index}].stream"), what: "`stream` needs `regex`".to_owned() });
            }
            let exit_codes = exit_code.map(|ExitCodes(codes)| codes);
            drafts.push(Draft { colour, status: status.map(Status::from), exit_codes, pattern: regex.map(|regex| (pipes, regex)) });
        }
        Rules::new(drafts, otherwise)
    }
}

impl From<StatusName> for Status {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Success => Self::Success,
            StatusName::Error => Self::Error,
            StatusName::Timeout => Self::Timeout,
            StatusName::MemoryLimit => Self::MemoryLimit,
            StatusName::OutputLimit => Self::OutputLimit,
            StatusName::CompileError => Self::CompileError,
            StatusName::Cancelled => Self::Cancelled,
        }
    }
}

impl<'de> Deserialize<'de> for ExitCodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExitCodesVisitor)
    }
}

struct ExitCodesVisitor;

impl<'de> Visitor<'de> for ExitCodesVisitor {
    type Value = ExitCodes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exit code or a list of them")
    }

    fn visit_i64<E: Error>(self, code: i64) -> Result<ExitCodes, E> {
        i32::try_from(code).map(|code| ExitCodes(vec![code])).map_err(|_| E::custom(format_args!("{code} is no exit code")))
    }

    fn visit_u64<E: Error>(self, code: u64) -> Result<ExitCodes, E> {
        i64::try_from(code).map_err(|_| E::custom(format_args!("{code} is no exit code"))).and_then(|code| self.visit_i64(code))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut codes: A) -> Result<ExitCodes, A::Error> {
        let mut all = Vec::new();
        while let Some(code) = codes.next_element()? {
            all.push(code);
        }
        Ok(ExitCodes(all))
    }
}
