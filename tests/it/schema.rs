//! The schema that clients are built from: every frame that a test here sends or sees is held against it.

use crate::client::Server;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// By the name of a definition.
static VALIDATORS: LazyLock<HashMap<&str, Validator>> = LazyLock::new(|| {
    let mut schema: Value = serde_json::from_str(runnel::protocol::schema()).unwrap();
    close(&mut schema);
    let validator = |name| {
        let schema = json!({"$defs": schema["$defs"], "$ref": format!("#/$defs/{name}")});
        (name, jsonschema::validator_for(&schema).unwrap())
    };
    ["ClientFrame", "ServerFrame"].map(validator).into()
});

/// Clients must bear fields that they don't know; here one that the schema lacks is a mistake.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
pub(crate) fn check(name: &str, frame: &Value) {
    let faults: Vec<String> = VALIDATORS[name].iter_errors(frame).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "not a {name}: {faults:#?}");
}

#[test]
fn the_examples_are_frames_and_what_is_not_is_none() {
    let mut seen = 0;
    for entry in std::fs::read_dir("examples/jobs").unwrap() {
        check("ClientFrame", &serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap());
        seen += 1;
    }
    assert!(seen > 5);
    check("ServerFrame", &json!({"type": "waiting", "id": "r"}));
    for frame in [
        json!({"type": "waiting"}),
        json!({"type": "waiting", "id": "r", "more": 1}),
        json!({"type": "wait", "id": "r"}),
        json!({"type": "compiled", "id": "r", "ok": 1, "output": "", "truncated": false, "time_ms": 0, "cached": false}),
    ] {
        assert!(!VALIDATORS["ServerFrame"].is_valid(&frame), "{frame}");
    }
    for frame in [json!({"type": "run", "id": "r", "language": "python", "cod": ""}), json!({"type": "run", "id": "r"})] {
        assert!(!VALIDATORS["ClientFrame"].is_valid(&frame), "{frame}");
    }
}

#[tokio::test]
async fn both_documents_are_served_and_whole() {
    let server = Server::start(&[]);
    for path in ["/v1/schema.json", "/v1/asyncapi.json"] {
        let (status, text) = server.get(path);
        assert_eq!(status, 200, "{path}");
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut targets = Vec::new();
        references(&document, &mut targets);
        assert!(targets.len() > 30, "{targets:?}");
        for target in targets {
            let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} is elsewhere"));
            assert!(document.pointer(pointer).is_some(), "{path} has no {target}");
        }
    }
}

fn references(value: &Value, targets: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            targets.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| references(field, targets));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, targets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
