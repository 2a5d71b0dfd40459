//! As much YAML as problem packages use: mappings, lists, scalars. Built from the parser's events, so that depth and size
//! are bounded by us; aliases, with which a few lines grow without end, are refused.

use saphyr_parser::{Event, Parser};

/// How deep mappings and lists lie in each other.
const DEPTH: usize = 32;
/// The largest text that is read.
const TEXT_BYTES: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Yaml {
    /// As it was written; what kind of value it is says whoever reads it.
    Scalar(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

/// A mapping or list that is not yet closed.
enum Open {
    List(Vec<Yaml>),
    Map { pairs: Vec<(String, Yaml)>, key: Option<String> },
}

/// The first document; an empty text is an empty mapping.
pub(super) fn parse(text: &str) -> Result<Yaml, String> {
    if text.len() > TEXT_BYTES {
        return Err(format!("has {} bytes, the most allowed is {TEXT_BYTES}", text.len()));
    }
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|fault| format!("is not YAML: {fault}"))?;
        let value = match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
            Event::StreamEnd | Event::DocumentEnd => break,
            Event::Alias(_) => return Err(format!("has an alias in line {}; aliases are not supported", span.start.line())),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == DEPTH => {
                return Err(format!("is more than {DEPTH} levels deep in line {}", span.start.line()));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map { pairs: Vec::new(), key: None });
                continue;
            }
            Event::Scalar(text, ..) => Yaml::Scalar(text.into_owned()),
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Yaml::List(list),
                Some(Open::Map { pairs, .. }) => Yaml::Map(pairs),
                None => return Err("is not YAML".to_owned()),
            },
        };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map { pairs, key }) => match (key.take(), value) {
                (Some(key), value) => pairs.push((key, value)),
                (None, Yaml::Scalar(text)) => *key = Some(text),
                (None, Yaml::List(_) | Yaml::Map(_)) => return Err("has a key that is no text".to_owned()),
            },
        }
    }
    Ok(Yaml::Map(Vec::new()))
}

impl Yaml {
    /// The value of `a.b`, where there is one that is not null.
    pub(super) fn find(&self, path: &str) -> Option<&Self> {
        let found = path.split('.').try_fold(self, |value, key| match value {
            Self::Map(pairs) => pairs.iter().find(|(other, _)| other == key).map(|(_, value)| value),
            Self::Scalar(_) | Self::List(_) => None,
        })?;
        let is_null = matches!(found, Self::Scalar(text) if matches!(text.as_str(), "" | "~" | "null"));
        (!is_null).then_some(found)
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match self.find(path)? {
            Self::Scalar(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Words of a text or of a list.
    pub(super) fn words(&self, path: &str) -> Option<Vec<String>> {
        match self.find(path)? {
            Self::Scalar(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
            Self::List(list) => Some(
                list.iter()
                    .filter_map(|value| match value {
                        Self::Scalar(text) => Some(text.clone()),
                        Self::List(_) | Self::Map(_) => None,
                    })
                    .collect(),
            ),
            Self::Map(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packages_write() {
        let text = "# comment\nname:\n  en: \"A: b\"\nlimits: {time_multiplier: 2, memory: 512}\nvalidator_flags: float_tolerance 1e-6\nargs: [a, 'b c']\nnothing: ~\n";
        let yaml = parse(text).unwrap();
        assert_eq!((yaml.text("name.en"), yaml.text("limits.memory")), (Some("A: b"), Some("512")));
        assert_eq!(yaml.words("validator_flags").unwrap(), ["float_tolerance", "1e-6"]);
        assert_eq!(yaml.words("args").unwrap(), ["a", "b c"]);
        assert_eq!((yaml.find("nothing"), yaml.find("name.de"), yaml.text("limits")), (None, None, None));
        assert_eq!(parse("").unwrap(), Yaml::Map(Vec::new()));
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let (deep, deeper) = ("[".repeat(DEPTH + 1) + &"]".repeat(DEPTH + 1), "[".repeat(10_000));
        let long = "x".repeat(TEXT_BYTES + 1);
        let cases =
            [("a: &a [x]\nb: [*a, *a]", "alias"), (&*deep, "levels deep"), (&*deeper, "limit"), ("a: [", "not YAML"), (&*long, "bytes")];
        for (text, expected) in cases {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
