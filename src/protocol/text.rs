//! Values that have more than one form on the wire, read by hand so that a wrong one is named and not guessed.

use super::StreamWish;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// `"text"`, `{"base64": "…"}` or `{"base64": "…", "gzip": true}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    Plain(Vec<u8>),
    /// Still packed: unpacking needs a bound that only the reader of the whole frame knows.
    Gzip(Vec<u8>),
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an object with `base64`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Data, E> {
        Ok(Data::Plain(text.as_bytes().to_vec()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Data, E> {
        Ok(Data::Plain(text.into_bytes()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let (mut bytes, mut gzip) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "base64" if bytes.is_some() => return Err(Error::duplicate_field("base64")),
                "base64" => bytes = Some(from_base64(&map.next_value::<String>()?).map_err(Error::custom)?),
                "gzip" => gzip = map.next_value()?,
                _ => return Err(Error::unknown_field(&key, &["base64", "gzip"])),
            }
        }
        let bytes = bytes.ok_or_else(|| Error::missing_field("base64"))?;
        Ok(if gzip { Data::Gzip(bytes) } else { Data::Plain(bytes) })
    }
}

pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|fault| format!("invalid base64: {fault}"))
}

pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// An object whose keys are names given by the client; a key that comes twice is a mistake, not the last one's win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs<Value>(pub Vec<(String, Value)>);

impl<Value> Default for Pairs<Value> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, Value: Deserialize<'de>> Deserialize<'de> for Pairs<Value> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<Value>(PhantomData<Value>);

impl<'de, Value: Deserialize<'de>> Visitor<'de> for PairsVisitor<Value> {
    type Value = Pairs<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(Error::custom(format_args!("`{key}` is there twice")));
            }
            pairs.push((key, map.next_value()?));
        }
        Ok(Pairs(pairs))
    }
}

pub(super) fn one_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamWish, D::Error> {
    struct StreamVisitor;
    impl Visitor<'_> for StreamVisitor {
        type Value = StreamWish;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true, false or \"lines\"")
        }

        fn visit_bool<E: Error>(self, live: bool) -> Result<StreamWish, E> {
            Ok(if live { StreamWish::Live } else { StreamWish::Quiet })
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<StreamWish, E> {
            if text == "lines" { Ok(StreamWish::Lines) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
        }
    }
    deserializer.deserialize_any(StreamVisitor)
}
