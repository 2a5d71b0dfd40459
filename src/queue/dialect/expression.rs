//! What a leaf of a dialect says: a path into what is known, and steps on what is found there. Pure.

use super::template::Scope;
use super::{Mistake, bytes};
use crate::protocol::Code;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use std::fmt::{Display, Formatter};

/// `path | step | step`.
#[derive(Debug)]
pub(super) struct Expression {
    path: Path,
    steps: Vec<Step>,
}

/// `result.files.created[out.{message.to}]`.
#[derive(Debug)]
pub(super) struct Path {
    text: String,
    parts: Vec<Text>,
}

/// `in.{message.from}`: words, and expressions whose values stand between them.
#[derive(Debug)]
pub(super) struct Text(Vec<Part>);

#[derive(Debug)]
enum Part {
    Words(String),
    Value(Expression),
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Text, or bytes -> base64.
    Base64,
    /// Base64 -> text.
    FromBase64,
    /// Text -> number.
    Number,
    /// Milliseconds -> seconds.
    Seconds,
    /// By a table of the dialect's.
    Words(String),
}

impl Expression {
    /// `roots` are the beginnings that a path may have here, `tables` the tables of words that there are.
    pub(super) fn parse(text: &str, roots: &[&str], tables: &[String]) -> Result<Self, String> {
        let mut pieces = split(text, '|').into_iter();
        let path = Path::parse(pieces.next().unwrap_or_default().trim(), roots, tables)?;
        let steps = pieces.map(|step| Step::parse(step.trim(), tables)).collect::<Result<_, _>>()?;
        Ok(Self { path, steps })
    }

    pub(super) fn value(&self, scope: &Scope<'_>) -> Result<Value, Mistake> {
        let found = self.path.find(scope)?;
        scope.spend(weight(found), &self.path)?;
        let mut value = found.clone();
        for step in &self.steps {
            if !value.is_null() {
                value = step.take(value, scope, &self.path)?;
            }
        }
        Ok(value)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn text(&self, scope: &Scope<'_>) -> Result<String, Mistake> {
        let value = self.value(scope)?;
        match &value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            Value::Null if scope.is_strict => Err(Mistake::missing(&self.path)),
            Value::Null => Ok(String::new()),
            Value::Object(_) | Value::Array(_) => match bytes(&value) {
                Some(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                None => Err(Mistake::wrong(&self.path, "must be a text or a number")),
            },
        }
    }
}

impl Path {
    pub(super) fn parse(text: &str, roots: &[&str], tables: &[String]) -> Result<Self, String> {
        let (mut parts, mut rest, mut is_first) = (Vec::new(), text, true);
        while is_first || !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[').filter(|_| !is_first) {
                let end = closing(inside, '[', ']').ok_or_else(|| format!("`{text}`: a `]` is missing"))?;
                parts.push(Text::parse(&inside[..end], roots, tables)?);
                rest = &inside[end + 1..];
                continue;
            }
            let after = if is_first { rest } else { rest.strip_prefix('.').ok_or_else(|| not_a_path(text))? };
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter)) {
                return Err(not_a_path(text));
            }
            if is_first && !roots.contains(&name) {
                return Err(format!("`{text}`: a path begins here with {}", listed(roots)));
            }
            parts.push(Text(vec![Part::Words(name.to_owned())]));
            (rest, is_first) = (&after[end..], false);
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Null where there is nothing.
    pub(super) fn find<'a>(&self, scope: &'a Scope<'_>) -> Result<&'a Value, Mistake> {
        const NOTHING: &Value = &Value::Null;
        let mut parts = self.parts.iter();
        let root = parts.next().map(|part| part.fill(scope)).transpose()?.unwrap_or_default();
        let mut value = scope.root(&root).unwrap_or(NOTHING);
        for part in parts {
            let name = part.fill(scope)?;
            let found = match value {
                Value::Object(object) => object.get(&name),
                Value::Array(array) => name.parse::<usize>().ok().and_then(|at| array.get(at)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            value = found.unwrap_or(NOTHING);
        }
        Ok(value)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Text {
    pub(super) fn parse(text: &str, roots: &[&str], tables: &[String]) -> Result<Self, String> {
        let (mut parts, mut words, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            words.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if after.starts_with(brace) {
                words.push_str(brace);
                rest = &after[1..];
                continue;
            }
            let end = closing(after, '{', '}').filter(|_| brace == "{");
            let end = end.ok_or_else(|| format!("`{text}`: a brace without another; `{{{{` and `}}}}` are braces themselves"))?;
            parts.push(Part::Words(std::mem::take(&mut words)));
            parts.push(Part::Value(Expression::parse(&after[..end], roots, tables)?));
            rest = &after[end + 1..];
        }
        words.push_str(rest);
        parts.push(Part::Words(words));
        Ok(Self(parts))
    }

    pub(super) fn fill(&self, scope: &Scope<'_>) -> Result<String, Mistake> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Value(expression) => text.push_str(&expression.text(scope)?),
            }
        }
        Ok(text)
    }
}

impl Step {
    fn parse(text: &str, tables: &[String]) -> Result<Self, String> {
        match text {
            "base64" => Ok(Self::Base64),
            "from_base64" => Ok(Self::FromBase64),
            "number" => Ok(Self::Number),
            "seconds" => Ok(Self::Seconds),
            _ => match text.strip_prefix("words.") {
                Some(table) if tables.iter().any(|known| known == table) => Ok(Self::Words(table.to_owned())),
                Some(table) => Err(format!("there is no table `words.{table}`")),
                None => Err(format!("`{text}` is no step; there are `base64`, `from_base64`, `number`, `seconds`, `words.NAME`")),
            },
        }
    }

    fn take(&self, value: Value, scope: &Scope<'_>, path: &Path) -> Result<Value, Mistake> {
        let wrong = |what: &str| Mistake::wrong(path, what);
        match self {
            Self::Base64 => {
                let bytes = bytes(&value).ok_or_else(|| wrong("must be a text"))?;
                Ok(BASE64_STANDARD.encode(bytes).into())
            }
            Self::FromBase64 => {
                let text =
                    value.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
                text.map(Value::from).ok_or_else(|| wrong("must be base64 of UTF-8"))
            }
            Self::Number => match &value {
                Value::Number(_) => Ok(value),
                Value::String(text) => text.parse::<serde_json::Number>().map(Value::Number).map_err(|_| wrong("must be a number")),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(wrong("must be a number")),
            },
            Self::Seconds => value.as_f64().map(|ms| Value::from(ms / 1e3)).ok_or_else(|| wrong("must be a number")),
            Self::Words(table) => {
                let table = &scope.words[table];
                let found = value.as_str().and_then(|word| table.get(word)).cloned();
                found.ok_or_else(|| {
                    let known: Vec<_> = table.keys().map(String::as_str).collect();
                    Mistake { code: Code::BadField, text: format!("`{path}` must be one of {}", listed(&known)) }
                })
            }
        }
    }
}

/// In bytes, about.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(array) => 8 + array.iter().map(weight).sum::<usize>(),
        Value::Object(object) => 8 + object.iter().map(|(name, value)| 8 + name.len() + weight(value)).sum::<usize>(),
    }
}

fn not_a_path(text: &str) -> String {
    format!("`{text}` is no path such as `message.files[a.{{message.b}}]`")
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// At each `at` that stands in no brackets.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut depth, mut begin, mut pieces) = (0usize, 0, Vec::new());
    for (place, letter) in text.char_indices() {
        match letter {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ if letter == at && depth == 0 => {
                pieces.push(&text[begin..place]);
                begin = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[begin..]);
    pieces
}

/// Where what is open before `text` is closed in it.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0usize;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            }
        }
    }
    None
}
