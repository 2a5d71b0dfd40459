//! A form as a browser sends it -> the JSON that says the same. Pure; called by `judge0`.

use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// More names than any list of submissions has.
const MOST: usize = 4096;
/// What a list of submissions is called: each name in it once for each of them, in their order.
const LIST: &str = "submissions";

/// Of two values with one name the later counts.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let (mut fields, mut list) = (Map::new(), Vec::<Map<String, Value>>::new());
    for (count, pair) in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == MOST {
            return Err(format!("the form has more than {MOST} fields"));
        }
        let at = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        let (name, value) = (decoded(name)?, Value::from(decoded(value)?));
        let in_list = name.strip_prefix(LIST).and_then(|rest| rest.strip_prefix("[][")?.strip_suffix(']'));
        match in_list {
            None => drop(fields.insert(name, value)),
            // What this one has already is said of the next.
            Some(name) => match list.last_mut().filter(|last| !last.contains_key(name)) {
                Some(last) => drop(last.insert(name.to_owned(), value)),
                None => list.push(Map::from_iter([(name.to_owned(), value)])),
            },
        }
    }
    if !list.is_empty() {
        fields.insert(LIST.to_owned(), list.into_iter().map(Value::Object).collect());
    }
    Ok(fields.into())
}

/// A `%` that is none of an escape stands for itself.
fn decoded(text: &[u8]) -> Result<String, String> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| "the form is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_say_what_json_says() {
        for (form, value) in [
            ("", json!({})),
            (
                "language_id=71&source_code=print(%22a+b%22)%0Aprint(1+%2b+1)&",
                json!({"language_id": "71", "source_code": "print(\"a b\")\nprint(1 + 1)"}),
            ),
            ("a=1&a=2&b&=c", json!({"a": "2", "b": "", "": "c"})),
            ("a=%e2%82%ac%&b=100%+%4", json!({"a": "\u{20ac}%", "b": "100% %4"})),
            ("a=b=c%3D%26", json!({"a": "b=c=&"})),
            (
                "submissions[][a]=1&submissions%5B%5D%5Bb%5D=2&submissions[][a]=3&x=4&submissions[0][a]=5",
                json!({"x": "4", "submissions": [{"a": "1", "b": "2"}, {"a": "3"}], "submissions[0][a]": "5"}),
            ),
        ] {
            assert_eq!(read(form.as_bytes()), Ok(value), "{form}");
        }
        assert!(read(b"a=%ff").is_err() && read(b"\xff=a").is_err());
        assert!(read("a&".repeat(MOST).as_bytes()).is_ok() && read("a&".repeat(MOST + 1).as_bytes()).is_err());
    }
}
