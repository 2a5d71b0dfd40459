//! What frames look like, for those who build clients: a JSON Schema and an AsyncAPI document, made of the types that `parse` reads and
//! `render` writes. Words that are strings in those types are listed here. The tests hold every frame that they see against it.

use super::answers::{ClockRequest, GlanceRequest};
use super::{
    CancelFrame, CloseFrame, Data, HelloFrame, ListFrame, OpenFrame, Pairs, ReadFrame, RunFrame, SignalFrame, StdinFrame, StreamWish,
    render,
};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::LazyLock;

pub(super) const STATUSES: [&str; 8] =
    ["success", "error", "compile_error", "timeout", "memory_limit", "output_limit", "cancelled", "internal"];
pub(super) const VERDICTS: [&str; 9] = ["AC", "WA", "RTE", "TLE", "MLE", "OLE", "CE", "SK", "JE"];
pub(super) const ACTIONS: [&str; 5] = ["opened", "all", "listed", "read", "closed"];
pub(super) const ENGINES: [&str; 2] = ["wasm", "docker"];
pub(super) const STATES: [&str; 3] = ["ready", "preparing", "unavailable"];
const TEST_STATUSES: [&str; 10] =
    ["passed", "failed", "error", "timeout", "memory_limit", "output_limit", "ran", "skipped", "faulty", "internal"];

/// The JSON Schema: `$defs` has each frame by its name, `client` and `server` are what either side sends.
pub fn schema() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| render::json(&schema_value()));
    &TEXT
}

/// The same frames as an AsyncAPI document, with the address and the directions.
pub fn asyncapi() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| render::json(&asyncapi_value()));
    &TEXT
}

/// A frame's `type`, and the type that it is read into or written from.
pub(super) struct Shape {
    kind: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    pub(super) fn of<Frame: JsonSchema>(kind: &'static str) -> Self {
        Self { kind, schema: Frame::json_schema }
    }

    /// `workspace.open` -> `WorkspaceOpenFrame`.
    fn name(&self) -> String {
        let word = |word: &str| word[..1].to_uppercase() + &word[1..];
        self.kind.split('.').map(word).collect::<String>() + "Frame"
    }
}

fn client_shapes() -> [Shape; 11] {
    [
        Shape::of::<HelloFrame>("hello"),
        Shape::of::<RunFrame<'_>>("run"),
        Shape::of::<StdinFrame>("stdin"),
        Shape::of::<CancelFrame>("cancel"),
        Shape::of::<SignalFrame>("signal"),
        Shape::of::<OpenFrame>("workspace.open"),
        Shape::of::<ListFrame>("workspace.list"),
        Shape::of::<ReadFrame>("workspace.read"),
        Shape::of::<CloseFrame>("workspace.close"),
        Shape::of::<GlanceRequest>("glance"),
        Shape::of::<ClockRequest>("clock"),
    ]
}

fn schema_value() -> Value {
    let mut definitions = Map::new();
    let mut side = |name: &str, shapes: &[Shape], settings: SchemaSettings| {
        definitions.extend(definitions_of(shapes, settings));
        let frames: Vec<Value> = shapes.iter().map(|shape| json!({"$ref": format!("#/$defs/{}", shape.name())})).collect();
        definitions.insert(name.to_owned(), json!({ "oneOf": frames }));
    };
    side("ClientFrame", &client_shapes(), SchemaSettings::draft2020_12().for_deserialize());
    side("ServerFrame", &render::shapes(), SchemaSettings::draft2020_12().for_serialize());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": super::NAME,
        "description": "One JSON object per WebSocket text frame on /v1/connect",
        "anyOf": [{"$ref": "#/$defs/ClientFrame"}, {"$ref": "#/$defs/ServerFrame"}],
        "$defs": definitions,
    })
}

fn definitions_of(shapes: &[Shape], settings: SchemaSettings) -> Map<String, Value> {
    let is_ours = settings.contract.is_serialize();
    let mut generator = settings.into_generator();
    let mut frames = Map::new();
    for shape in shapes {
        let mut schema = (shape.schema)(&mut generator);
        schema.insert("properties".to_owned(), with_kind(schema.get("properties"), shape.kind));
        frames.insert(shape.name(), schema.to_value());
    }
    let mut all = generator.take_definitions(true);
    all.extend(frames);
    if is_ours {
        all.values_mut().for_each(absent_is_not_null);
    }
    all
}

fn with_kind(properties: Option<&Value>, kind: &str) -> Value {
    let mut properties = properties.and_then(Value::as_object).cloned().unwrap_or_default();
    properties.insert("type".to_owned(), json!({ "const": kind }));
    Value::Object(properties)
}

/// A field that the server may leave out is never null when it is there.
fn absent_is_not_null(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.iter().any(|required| required == *name)) {
        if let Some(kinds) = property.get_mut("type").and_then(Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [only] = &kinds[..] {
                property["type"] = only.clone();
            }
        }
        if let Some(choices) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
            choices.retain(|choice| *choice != json!({"type": "null"}));
            if let [only] = &choices[..] {
                *property = only.clone();
            }
        }
    }
}

fn asyncapi_value() -> Value {
    let schema = schema_value();
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let (client, server) = (client_shapes(), render::shapes());
    let message = |shape: &Shape| {
        let payload = json!({"$ref": format!("#/components/schemas/{}", shape.name())});
        (shape.name(), json!({"name": shape.kind, "contentType": "application/json", "payload": payload}))
    };
    let messages: Map<String, Value> = client.iter().chain(&server).map(message).collect();
    let in_channel = |shape: &Shape| (shape.name(), json!({"$ref": format!("#/components/messages/{}", shape.name())}));
    let of_channel = |shape: &Shape| json!({"$ref": format!("#/channels/connect/messages/{}", shape.name())});
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Runnel", "version": env!("CARGO_PKG_VERSION"), "description": "Runs other people's code in sandboxes and streams what happens"},
        "defaultContentType": "application/json",
        "channels": {"connect": {
            "address": "/v1/connect",
            "description": "A WebSocket with the subprotocol runnel.v1; one JSON object per text frame",
            "messages": client.iter().chain(&server).map(in_channel).collect::<Map<_, _>>(),
        }},
        "operations": {
            "ask": {"action": "receive", "channel": {"$ref": "#/channels/connect"}, "messages": client.iter().map(of_channel).collect::<Vec<_>>()},
            "tell": {"action": "send", "channel": {"$ref": "#/channels/connect"}, "messages": server.iter().map(of_channel).collect::<Vec<_>>()},
        },
        "components": {"messages": messages, "schemas": definitions},
    });
    moved(document)
}

/// The same document with its definitions where AsyncAPI has them.
fn moved(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if let (Value::String(target), "$ref") = (&mut *field, name.as_str()) {
                    *target = target.replace("#/$defs/", "#/components/schemas/");
                } else {
                    *field = moved(field.take());
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = moved(item.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// What a client gives: text, or bytes.
impl JsonSchema for Data {
    fn schema_name() -> Cow<'static, str> {
        "Data".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {
            "type": "object",
            "properties": {"base64": {"type": "string"}, "gzip": {"type": "boolean"}},
            "required": ["base64"],
            "additionalProperties": false,
        }]})
    }
}

impl<Item: JsonSchema> JsonSchema for Pairs<Item> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}ByName", Item::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<Item>()})
    }
}

impl JsonSchema for StreamWish {
    fn schema_name() -> Cow<'static, str> {
        "StreamWish".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": [true, false, "lines"]})
    }
}

/// What a program or a client wrote, where it comes back: text where it is text.
pub(super) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"type": "string"}, {"type": "object", "properties": {"base64": {"type": "string"}}, "required": ["base64"]}]})
}

/// Files by their paths, each as text or as bytes.
pub(super) fn files(_: &mut SchemaGenerator) -> Schema {
    let data = json!({"data": {"type": "string"}, "base64": {"type": "string"}, "truncated": {"const": true}});
    json_schema!({"type": "object", "additionalProperties": {"type": "object", "properties": data}})
}

/// An entry of `test_results`: what everybody may see of a test, and what only a visible one shows.
pub(super) fn test(generator: &mut SchemaGenerator) -> Schema {
    let text = generator.subschema_for::<render::TextPart<'_>>();
    let text_or_null = json!({"anyOf": [text, {"type": "null"}]});
    let verdicts: Vec<Value> = VERDICTS.into_iter().map(Value::from).chain([Value::Null]).collect();
    let hidden = json!({
        "id": {"type": "string"},
        "status": {"type": "string", "enum": TEST_STATUSES},
        "verdict": {"type": ["string", "null"], "enum": verdicts},
        "execution_time_ms": {"type": ["number", "null"]},
        "cpu_time_ms": {"type": ["number", "null"]},
        "memory_usage_mb": {"type": ["number", "null"]},
    });
    let mut visible = json!({
        "description": {"type": ["string", "null"]},
        "input": text,
        "expected_output": text_or_null,
        "actual_output": text_or_null,
        "actual_output_truncated": {"type": "boolean"},
        "exit_code": {"type": ["integer", "null"]},
        "message": {"type": ["string", "null"]},
        "error": text_or_null,
    });
    if let (Some(visible), Some(hidden)) = (visible.as_object_mut(), hidden.as_object()) {
        visible.extend(hidden.clone());
    }
    let whole = |title: &str, properties: &Value| {
        let names: Vec<&String> = properties.as_object().map(|properties| properties.keys().collect()).unwrap_or_default();
        json!({"title": title, "type": "object", "properties": properties, "required": names})
    };
    json_schema!({"anyOf": [whole("VisibleTest", &visible), whole("HiddenTest", &hidden)]})
}
