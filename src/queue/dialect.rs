//! Messages of others: a TOML file says how one of theirs becomes the fields of a `run`, and what is made of the last frame for them. All of a file is
//! checked when the worker starts, and a mistake is told with its line and key. Called by `work`. Knows no language and no broker; pure but for reading the file.

mod expression;
mod paper;
mod template;

use super::broker::Envelope;
use crate::protocol::{Code, Refusal};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use template::{Scope, Template, When};

/// Those that come with the binary, by name.
const SHIPPED: [(&str, &str); 2] =
    [("topics", include_str!("dialects/topics.toml")), ("solutions", include_str!("dialects/solutions.toml"))];
/// The most that is made of one message, in bytes.
const MOST: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct Dialect {
    /// What has to stand in a message's headers, or it is none of ours.
    headers: BTreeMap<String, String>,
    /// What has to be in a message, or nobody would know what an answer is to.
    needs: Vec<expression::Path>,
    words: Words,
    job: Template,
    /// On each answer.
    answer_headers: Vec<(String, String)>,
    /// The first whose conditions hold; the last has none.
    answers: Vec<(When, Template)>,
}

/// Tables of words: how they call something, and how we do.
type Words = HashMap<String, BTreeMap<String, Value>>;

/// A message of theirs that has been read.
pub(super) struct Spoken {
    dialect: Arc<Dialect>,
    /// `message` and `header`; later what was made of it.
    said: Map<String, Value>,
}

impl Dialect {
    /// The name of one that is shipped, or the path of a file.
    pub(super) fn load(name: &str) -> Result<Self, String> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return paper::read(text).map_err(|mistake| format!("the dialect `{name}`, {mistake}"));
        }
        let text = std::fs::read_to_string(name).map_err(|fault| {
            let shipped = SHIPPED.map(|(name, _)| format!("`{name}`")).join(", ");
            format!("`{name}` is not the path of a dialect: {fault}\nhint: these are shipped: {shipped}")
        })?;
        paper::read(&text).map_err(|mistake| format!("`{name}`, {mistake}"))
    }

    /// Fails with the reason why nobody can be answered.
    pub(super) fn read(self: &Arc<Self>, text: &str, envelope: &Envelope) -> Result<Spoken, String> {
        for (name, value) in &self.headers {
            if envelope.headers.get(name) != Some(value) {
                return Err(format!("its header `{name}` is not `{value}`"));
            }
        }
        let message: Value = serde_json::from_str(text).map_err(|fault| format!("not JSON: {fault}"))?;
        if !message.is_object() {
            return Err("not a JSON object".to_owned());
        }
        let header = envelope.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let said = Map::from_iter([("message".to_owned(), message), ("header".to_owned(), Value::Object(header))]);
        let scope = Scope::new(&said, &self.words, MOST);
        for path in &self.needs {
            if path.find(&scope).map_err(|mistake| mistake.text)?.is_null() {
                return Err(format!("it has no `{path}`, so nobody would know what an answer is to"));
            }
        }
        Ok(Spoken { dialect: self.clone(), said })
    }
}

impl Spoken {
    /// The fields of a `run`.
    pub(super) fn job(&self) -> Result<String, Refusal> {
        let scope = Scope::new(&self.said, &self.dialect.words, MOST).strictly();
        match self.dialect.job.fill(&scope) {
            Ok(job) => Ok(job.to_string()),
            Err(mistake) => Err(Refusal::new(mistake.code, mistake.text)),
        }
    }

    /// What is said to them of a last frame, and the headers on it. Never fails: what can't be made is null.
    pub(super) fn answer(mut self, id: &str, kind: &str, frame: &str) -> (String, Vec<(String, String)>) {
        self.said.insert("id".to_owned(), id.into());
        self.said.insert(kind.to_owned(), serde_json::from_str(frame).unwrap_or_default());
        let scope = Scope::new(&self.said, &self.dialect.words, MOST);
        let holding = self.dialect.answers.iter().find(|(when, _)| when.holds(&scope));
        let body = holding.and_then(|(_, body)| body.fill(&scope).ok()).unwrap_or_default();
        (body.to_string(), self.dialect.answer_headers.clone())
    }
}

/// What is wrong with a message, as its sender is told.
#[derive(Debug)]
struct Mistake {
    code: Code,
    text: String,
}

impl Mistake {
    fn missing(path: &impl std::fmt::Display) -> Self {
        Self { code: Code::MissingField, text: format!("`{path}` is missing") }
    }

    fn wrong(path: &impl std::fmt::Display, what: &str) -> Self {
        Self { code: Code::BadField, text: format!("`{path}` {what}") }
    }
}

/// Texts and files, as frames have them: what is not UTF-8 is an object.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(object) => match object.get("data") {
            Some(text) => Some(text.as_str()?.to_owned().into_bytes()),
            None => BASE64_STANDARD.decode(object.get("base64")?.as_str()?).ok(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests;
