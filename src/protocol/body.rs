//! What an HTTP request carries <-> frames: a body becomes the `run` frame that a socket's client would send, and is
//! then parsed like one; an answer is a frame without its `type`. Pure.

use super::{Code, Pairs, Refusal, render};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// Older names, and the limits that they are now.
const TIMEOUT: &str = "timeout_seconds";
const MEMORY: &str = "memory_limit_mb";
/// Times and sizes above this are refused by any limit; below, a float tells each whole number apart.
const MOST: f64 = 1e15;

/// The `run` frame of a body; `made_up` is its id where the body has none.
pub fn run_frame(body: &str, made_up: &str) -> Result<String, Refusal> {
    let Pairs(pairs) = serde_json::from_str::<Pairs<&RawValue>>(body).map_err(|fault| refusal(&fault))?;
    let mut fields = Vec::with_capacity(pairs.len() + 2);
    let (mut limits, mut timeout, mut memory, mut has_id) = (None, None, None, false);
    for (name, value) in pairs {
        let is_null = value.get() == "null";
        match name.as_str() {
            // A frame as it is sent over the socket is understood too.
            "type" if value.get() == "\"run\"" => {}
            "type" => return Err(Refusal::of_field(Code::BadField, "type", "only a `run` can be posted, and its `type` is not needed")),
            TIMEOUT => timeout = if is_null { None } else { Some(number(TIMEOUT, value)? * 1e3) },
            MEMORY => memory = if is_null { None } else { Some(number(MEMORY, value)?) },
            "limits" => limits = Some(value),
            "id" if is_null => {}
            _ => {
                has_id |= name == "id";
                fields.push((name, value));
            }
        }
    }
    let limits = merged(limits, timeout, memory)?;
    let mut frame = String::with_capacity(body.len() + 64);
    frame.push_str(r#"{"type":"run""#);
    if !has_id {
        push(&mut frame, "id", &render::json(&made_up));
    }
    for (name, value) in
        fields.iter().map(|(name, value)| (name.as_str(), *value)).chain(limits.as_deref().map(|limits| ("limits", limits)))
    {
        push(&mut frame, name, value.get());
    }
    frame.push('}');
    Ok(frame)
}

/// The frame of another type that a body is, all of its fields included.
pub fn frame(kind: &str, body: &str) -> Result<String, Refusal> {
    let Pairs(pairs) = serde_json::from_str::<Pairs<&RawValue>>(body).map_err(|fault| refusal(&fault))?;
    let mut frame = format!(r#"{{"type":{}"#, render::json(&kind));
    pairs.iter().filter(|(name, _)| name != "type").for_each(|(name, value)| push(&mut frame, name, value.get()));
    frame.push('}');
    Ok(frame)
}

fn push(frame: &mut String, name: &str, value: &str) {
    frame.push(',');
    frame.push_str(&render::json(&name));
    frame.push(':');
    frame.push_str(value);
}

fn refusal(fault: &serde_json::Error) -> Refusal {
    let text = fault.to_string();
    match (fault.is_data(), text.split_once(" at line ")) {
        (true, Some((text, _))) if text.contains("twice") => Refusal::new(Code::BadField, text),
        (true, _) => Refusal::new(Code::BadJson, "the body is a JSON object"),
        (false, _) => Refusal::new(Code::BadJson, format!("not JSON: {text}")),
    }
}

fn number(field: &str, value: &RawValue) -> Result<f64, Refusal> {
    let number = serde_json::from_str::<f64>(value.get()).ok().filter(|number| *number > 0.0 && *number <= MOST);
    number.ok_or_else(|| Refusal::of_field(Code::BadField, field, format!("`{field}` must be a number above 0")))
}

/// The limits as one object. Both names for the same thing are a mistake: which of them was meant?
fn merged(limits: Option<&RawValue>, timeout: Option<f64>, memory: Option<f64>) -> Result<Option<Box<RawValue>>, Refusal> {
    if timeout.is_none() && memory.is_none() {
        return Ok(limits.map(RawValue::to_owned));
    }
    let mut all = match limits.map(|limits| serde_json::from_str::<Option<Map<String, Value>>>(limits.get())) {
        None => Map::new(),
        Some(Ok(all)) => all.unwrap_or_default(),
        Some(Err(_)) => return Err(Refusal::of_field(Code::BadField, "limits", "`limits` must be an object")),
    };
    for (older, value, names) in [(TIMEOUT, timeout, &["time_ms", "wall_ms"][..]), (MEMORY, memory, &["memory_mb"])] {
        let Some(value) = value else { continue };
        for name in names {
            let before = all.insert((*name).to_owned(), whole(value).into());
            if before.is_some_and(|before| !before.is_null()) {
                let message = format!("`{older}` is an older name of `limits.{name}`: give one of them");
                return Err(Refusal::of_field(Code::BadField, older, message));
            }
        }
    }
    Ok(to_raw_value(&all).ok())
}

/// Never less than what was asked.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a positive number of bounded size")]
fn whole(number: f64) -> u64 {
    number.ceil() as u64
}

/// The type of one of our frames, which all begin with it.
pub fn type_of(frame: &str) -> &str {
    split_type(frame).0
}

pub fn without_type(frame: &str) -> String {
    let (_, fields) = split_type(frame);
    format!("{{{fields}")
}

fn split_type(frame: &str) -> (&str, &str) {
    let (kind, fields) = frame.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split_once('"')).unwrap_or(("", frame));
    (kind, fields.strip_prefix([',', '{']).unwrap_or(fields))
}

/// `{"error": {"code", "message", "details"?}}`
pub fn error(refusal: &Refusal) -> String {
    format!(r#"{{"error":{}}}"#, without_type(&render::error(None, refusal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bodies_become_frames() {
        let cases = [
            (json!({}), json!({"type": "run", "id": "m"})),
            (json!({"id": null, "code": "1"}), json!({"type": "run", "id": "m", "code": "1"})),
            (json!({"type": "run", "id": "a", "x": [1]}), json!({"type": "run", "id": "a", "x": [1]})),
            (json!({"limits": {"fuel": 1}}), json!({"type": "run", "id": "m", "limits": {"fuel": 1}})),
            (
                json!({"timeout_seconds": 0.2501, "memory_limit_mb": 64.0, "limits": {"fuel": 1, "memory_mb": null}}),
                json!({"type": "run", "id": "m", "limits": {"fuel": 1, "time_ms": 251, "wall_ms": 251, "memory_mb": 64}}),
            ),
            (json!({"timeout_seconds": null, "memory_limit_mb": 1}), json!({"type": "run", "id": "m", "limits": {"memory_mb": 1}})),
        ];
        for (body, expected) in cases {
            let frame = run_frame(&body.to_string(), "m").unwrap();
            assert_eq!(serde_json::from_str::<Value>(&frame).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn and_are_refused_by_name() {
        let cases = [
            ("", Code::BadJson, None),
            ("[1]", Code::BadJson, None),
            (r#"{"a":1"#, Code::BadJson, None),
            (r#"{"a":1,"a":2}"#, Code::BadField, None),
            (r#"{"type":"cancel"}"#, Code::BadField, Some("type")),
            (r#"{"timeout_seconds":0}"#, Code::BadField, Some("timeout_seconds")),
            (r#"{"timeout_seconds":"5"}"#, Code::BadField, Some("timeout_seconds")),
            (r#"{"memory_limit_mb":-1}"#, Code::BadField, Some("memory_limit_mb")),
            (r#"{"timeout_seconds":1,"limits":{"wall_ms":5}}"#, Code::BadField, Some("timeout_seconds")),
            (r#"{"timeout_seconds":1,"limits":[]}"#, Code::BadField, Some("limits")),
            (r#"{"limits":{"memory_mb":5},"memory_limit_mb":5}"#, Code::BadField, Some("memory_limit_mb")),
        ];
        for (body, code, field) in cases {
            let refusal = run_frame(body, "m").unwrap_err();
            assert_eq!((refusal.code, refusal.details.field.as_deref()), (code, field), "{body}: {}", refusal.message);
        }
    }

    #[test]
    fn frames_lose_their_type() {
        for (frame, kind, fields) in
            [(r#"{"type":"result","id":"a"}"#, "result", r#"{"id":"a"}"#), (r#"{"type":"x"}"#, "x", "{}"), (r#"{"a":1}"#, "", r#"{"a":1}"#)]
        {
            assert_eq!((type_of(frame), without_type(frame).as_str()), (kind, fields));
        }
        let refusal = Refusal::of_field(Code::BadField, "id", "no");
        assert_eq!(error(&refusal), r#"{"error":{"code":"bad_field","message":"no","details":{"field":"id"}}}"#);
    }
}
