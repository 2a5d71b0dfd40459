//! JSON with holes: what is made of a message, and of a result. Pure.

use super::expression::{Expression, Path, Text};
use super::{Mistake, Words};
use crate::protocol::Code;
use serde_json::{Map, Value};
use std::cell::Cell;

#[derive(Debug)]
pub(super) enum Template {
    Always(Value),
    Value(Expression),
    Text(Text),
    List(Vec<Template>),
    Table(Vec<(Text, Template)>),
    /// One for each entry of a list.
    Each(Box<Each>),
}

#[derive(Debug)]
pub(super) struct Each {
    pub(super) list: Expression,
    pub(super) when: When,
    pub(super) make: Template,
}

/// All of them have to hold: what stands there is one of these.
#[derive(Debug, Default)]
pub(super) struct When(pub(super) Vec<(Path, Vec<Value>)>);

/// What is known where a template is filled.
pub(super) struct Scope<'a> {
    said: &'a Map<String, Value>,
    item: Option<(&'a Value, Value)>,
    pub(super) words: &'a Words,
    /// Of a message, what is not there is its sender's mistake; of a result it is null.
    pub(super) is_strict: bool,
    left: Cell<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(said: &'a Map<String, Value>, words: &'a Words, most: usize) -> Self {
        Self { said, item: None, words, is_strict: false, left: Cell::new(most) }
    }

    pub(super) fn strictly(self) -> Self {
        Self { is_strict: true, ..self }
    }
}

impl Scope<'_> {
    pub(super) fn root(&self, name: &str) -> Option<&Value> {
        match (name, &self.item) {
            ("item", Some((item, _))) => Some(item),
            ("index", Some((_, index))) => Some(index),
            _ => self.said.get(name),
        }
    }

    pub(super) fn spend(&self, bytes: usize, path: &Path) -> Result<(), Mistake> {
        let left = self.left.get().checked_sub(bytes);
        let too_much = || Mistake { code: Code::TooLarge, text: format!("too much comes of it, at `{path}`") };
        self.left.set(left.ok_or_else(too_much)?);
        Ok(())
    }
}

impl When {
    pub(super) fn holds(&self, scope: &Scope<'_>) -> bool {
        self.0.iter().all(|(path, values)| path.find(scope).is_ok_and(|found| values.contains(found)))
    }
}

impl Template {
    pub(super) fn fill(&self, scope: &Scope<'_>) -> Result<Value, Mistake> {
        match self {
            Self::Always(value) => Ok(value.clone()),
            Self::Value(expression) => expression.value(scope),
            Self::Text(text) => text.fill(scope).map(Value::from),
            Self::List(list) => list.iter().map(|template| template.fill(scope)).collect::<Result<_, _>>().map(Value::Array),
            Self::Table(table) => {
                let mut filled = Map::with_capacity(table.len());
                for (name, template) in table {
                    let value = template.fill(scope)?;
                    // A field that a job does not have is not there.
                    if !(scope.is_strict && value.is_null()) {
                        filled.insert(name.fill(scope)?, value);
                    }
                }
                Ok(Value::Object(filled))
            }
            Self::Each(each) => each.fill(scope),
        }
    }
}

impl Each {
    fn fill(&self, scope: &Scope<'_>) -> Result<Value, Mistake> {
        let path = self.list.path();
        let list = match self.list.value(scope)? {
            Value::Array(list) => list,
            Value::Null if scope.is_strict => return Err(Mistake::missing(path)),
            Value::Null => Vec::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => return Err(Mistake::wrong(path, "must be a list")),
        };
        let mut made = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let inner = Scope { item: Some((item, index.into())), left: Cell::new(scope.left.get()), ..*scope };
            if self.when.holds(&inner) {
                made.push(self.make.fill(&inner)?);
            }
            scope.left.set(inner.left.get());
        }
        Ok(Value::Array(made))
    }
}
