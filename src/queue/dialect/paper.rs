//! The file of a dialect -> a dialect, or the first mistake in it with its line and key. Pure.

use super::Dialect;
use super::expression::{Expression, Path, Text};
use super::template::{Each, Template, When};
use serde_json::Value;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What paths may begin with: in what is made of a message, and in what is made of a last frame.
const ASKED: &[&str] = &["message", "header"];
const ANSWERED: &[&str] = &["message", "header", "id", "result", "error"];
/// And, within `each`, these too.
const WITHIN: [&str; 2] = ["item", "index"];

/// A node of the file, and where it stands.
#[derive(Clone)]
struct Node<'a> {
    text: &'a str,
    key: String,
    at: usize,
    value: &'a DeValue<'a>,
}

/// What leaves may speak of.
struct Known<'a> {
    roots: &'a [&'a str],
    tables: &'a [String],
}

type Table<'a> = BTreeMap<String, Node<'a>>;

pub(super) fn read(text: &str) -> Result<Dialect, String> {
    let file = DeTable::parse(text).map_err(|fault| {
        let at = fault.span().map_or(0, |span| span.start);
        format!("line {}: {}", line(text, at), fault.message())
    })?;
    let file = DeValue::Table(file.into_inner());
    let top = Node { text, key: String::new(), at: 0, value: &file };
    let [accept, words, job, answer] = top.fields(["accept", "words", "job", "answer"])?;
    let words = words.map_or_else(|| Ok(BTreeMap::new()), |node| node.table())?;
    let words = words.into_iter().map(|(name, node)| Ok((name, node.plain_table()?))).collect::<Result<_, String>>()?;
    let mut dialect = Dialect {
        headers: BTreeMap::new(),
        needs: Vec::new(),
        words,
        job: Template::Always(Value::Null),
        answer_headers: Vec::new(),
        answers: Vec::new(),
    };
    let tables: Vec<_> = dialect.words.keys().cloned().collect();
    let asked = Known { roots: ASKED, tables: &tables };
    if let Some(accept) = accept {
        let [headers, needs] = accept.fields(["headers", "needs"])?;
        dialect.headers = headers.map_or_else(|| Ok(BTreeMap::new()), |node| node.words())?;
        for need in needs.map_or_else(|| Ok(Vec::new()), |node| node.list())? {
            dialect.needs.push(Path::parse(need.str()?, ASKED, &tables).map_err(|what| need.mistake(&what))?);
        }
    }
    let job = job.ok_or_else(|| top.mistake("`[job]` is missing: what fields of a `run` are made of"))?;
    job.table()?;
    dialect.job = job.template(&asked)?;
    let answer = answer.ok_or_else(|| top.mistake("`[answer]` is missing"))?;
    let answered = Known { roots: ANSWERED, tables: &tables };
    let [headers, cases] = answer.fields(["headers", "case"])?;
    dialect.answer_headers = headers.map_or_else(|| Ok(BTreeMap::new()), |node| node.words())?.into_iter().collect();
    let cases = cases.ok_or_else(|| answer.mistake("`[[answer.case]]` is missing"))?.list()?;
    let last = cases.len().saturating_sub(1);
    for (at, case) in cases.iter().enumerate() {
        let [when, body] = case.fields(["when", "body"])?;
        if (at == last) == when.is_some() {
            return Err(case.mistake("the last case has no `when`, and all others have one: there is an answer to everything"));
        }
        let when = when.map_or_else(|| Ok(When::default()), |node| node.when(&answered))?;
        let body = body.ok_or_else(|| case.mistake("`body` is missing"))?;
        dialect.answers.push((when, body.template(&answered)?));
    }
    if dialect.answers.is_empty() {
        return Err(answer.mistake("there has to be a case"));
    }
    Ok(dialect)
}

impl<'a> Node<'a> {
    fn mistake(&self, what: &str) -> String {
        let key = if self.key.is_empty() { String::new() } else { format!(", `{}`", self.key) };
        format!("line {}{key}: {what}", line(self.text, self.at))
    }

    fn below(&self, name: &str, value: &'a Spanned<DeValue<'a>>) -> Self {
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        Node { text: self.text, key, at: value.span().start, value: value.get_ref() }
    }

    fn table(&self) -> Result<Table<'a>, String> {
        let table = self.value.as_table().ok_or_else(|| self.mistake("must be a table"))?;
        Ok(table.iter().map(|(name, value)| (name.get_ref().to_string(), self.below(name.get_ref(), value))).collect())
    }

    /// A table that has these and no others.
    fn fields<const COUNT: usize>(&self, names: [&str; COUNT]) -> Result<[Option<Self>; COUNT], String> {
        let mut table = self.table()?;
        let fields = names.map(|name| table.remove(name));
        match table.into_values().next() {
            Some(unknown) => Err(unknown.mistake(&format!("is not known here; there are {}", names.join(", ")))),
            None => Ok(fields),
        }
    }

    fn list(&self) -> Result<Vec<Self>, String> {
        let list = self.value.as_array().ok_or_else(|| self.mistake("must be a list"))?;
        Ok(list.iter().enumerate().map(|(at, value)| self.below(&at.to_string(), value)).collect())
    }

    fn str(&self) -> Result<&'a str, String> {
        self.value.as_str().ok_or_else(|| self.mistake("must be a text"))
    }

    fn words(&self) -> Result<BTreeMap<String, String>, String> {
        self.table()?.into_iter().map(|(name, node)| Ok((name, node.str()?.to_owned()))).collect()
    }

    fn plain_table(&self) -> Result<BTreeMap<String, Value>, String> {
        self.table()?.into_iter().map(|(name, node)| Ok((name, node.plain()?))).collect()
    }

    /// A value as it stands there.
    fn plain(&self) -> Result<Value, String> {
        match self.value {
            DeValue::String(text) => Ok(text.as_ref().into()),
            DeValue::Boolean(value) => Ok((*value).into()),
            DeValue::Integer(number) => self.number(number.as_str()),
            DeValue::Float(number) => self.number(number.as_str()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Err(self.mistake("must be a text, a number, true or false")),
        }
    }

    fn number(&self, text: &str) -> Result<Value, String> {
        text.parse().map(Value::Number).map_err(|_| self.mistake("must be a number as JSON writes it"))
    }

    fn when(&self, known: &Known<'_>) -> Result<When, String> {
        let mut conditions = Vec::new();
        for (path, node) in self.table()? {
            let path = Path::parse(&path, known.roots, known.tables).map_err(|what| node.mistake(&what))?;
            let values = match node.list() {
                Ok(list) => list.iter().map(Node::plain).collect::<Result<_, _>>()?,
                Err(_) => vec![node.plain()?],
            };
            conditions.push((path, values));
        }
        Ok(When(conditions))
    }

    fn template(&self, known: &Known<'_>) -> Result<Template, String> {
        match self.value {
            DeValue::String(text) => self.leaf(text, known),
            DeValue::Array(_) => self.list()?.iter().map(|node| node.template(known)).collect::<Result<_, _>>().map(Template::List),
            DeValue::Table(table) if table.contains_key("each") && table.contains_key("make") => self.each(known),
            DeValue::Table(_) => {
                let named = |(name, node): (String, Node<'a>)| {
                    let name = Text::parse(&name, known.roots, known.tables).map_err(|what| node.mistake(&what))?;
                    Ok((name, node.template(known)?))
                };
                self.table()?.into_iter().map(named).collect::<Result<_, String>>().map(Template::Table)
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => self.plain().map(Template::Always),
        }
    }

    fn leaf(&self, text: &str, known: &Known<'_>) -> Result<Template, String> {
        let leaf = match text.strip_prefix('=') {
            // There is no such word in TOML.
            Some("null") => Ok(Template::Always(Value::Null)),
            Some(expression) => Expression::parse(expression, known.roots, known.tables).map(Template::Value),
            None => Text::parse(text, known.roots, known.tables).map(Template::Text),
        };
        leaf.map_err(|what| self.mistake(&what))
    }

    fn each(&self, known: &Known<'_>) -> Result<Template, String> {
        let [each, when, make] = self.fields(["each", "when", "make"])?;
        let (Some(each), Some(make)) = (each, make) else { return Err(self.mistake("`each` and `make` go together")) };
        if known.roots.contains(&WITHIN[0]) {
            return Err(each.mistake("an `each` within another is not known"));
        }
        let list = each.str()?.strip_prefix('=').ok_or_else(|| each.mistake("must be `=` and the path of a list"))?;
        let list = Expression::parse(list, known.roots, known.tables).map_err(|what| each.mistake(&what))?;
        let roots: Vec<_> = known.roots.iter().chain(&WITHIN).copied().collect();
        let within = Known { roots: &roots, tables: known.tables };
        let when = when.map_or_else(|| Ok(When::default()), |node| node.when(&within))?;
        Ok(Template::Each(Box::new(Each { list, when, make: make.template(&within)? })))
    }
}

fn line(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}
