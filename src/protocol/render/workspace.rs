//! Answers about workspaces, and the files that come back with a result. Called by `render` and the doors.

use super::super::{schema, text};
use super::json;
use crate::event::{FileLeft, FilesLeft, Saved, Text};
use crate::listing::{Content, Listed, Listing, Summary};
use schemars::JsonSchema;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::time::Duration;

/// An answer; which fields there are depends on `action`.
#[derive(Default, Serialize, JsonSchema)]
pub(in crate::protocol) struct WorkspaceFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<&'a str>,
    #[schemars(extend("enum" = schema::ACTIONS))]
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<EntryPart<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct EntryPart<'a> {
    name: &'a str,
    is_dir: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_link: bool,
    size: u64,
    /// Seconds since the epoch.
    mtime: Option<f64>,
    mode: &'static str,
}

fn frame<'a>(id: Option<&'a str>, workspace: Option<&'a str>, action: &'static str) -> WorkspaceFrame<'a> {
    WorkspaceFrame { kind: "workspace", id, workspace, action, ..WorkspaceFrame::default() }
}

pub fn opened(id: Option<&str>, summary: &Summary) -> String {
    let Summary { name, bytes, entries, ttl } = summary;
    let (bytes, files, ttl_s) = (Some(*bytes), Some(*entries), Some(ttl.as_secs()));
    json(&WorkspaceFrame { bytes, files, ttl_s, ..frame(id, Some(name), "opened") })
}

pub fn all(id: Option<&str>, workspaces: &[String]) -> String {
    json(&WorkspaceFrame { workspaces: Some(workspaces), ..frame(id, None, "all") })
}

pub fn listed(id: Option<&str>, workspace: &str, path: &str, entries: &[Listed]) -> String {
    let entries = Some(entries.iter().map(entry).collect());
    json(&WorkspaceFrame { path: Some(path), entries, ..frame(id, Some(workspace), "listed") })
}

fn entry(entry: &Listed) -> EntryPart<'_> {
    let Listed { name, kind, size, modified, executable } = entry;
    let is_dir = *kind == Listing::Folder;
    EntryPart {
        name,
        is_dir,
        is_link: *kind == Listing::Link,
        size: *size,
        mtime: modified.map(seconds),
        mode: if is_dir || *executable { "755" } else { "644" },
    }
}

/// To a millisecond.
fn seconds(since: Duration) -> f64 {
    (since.as_secs_f64() * 1e3).round() / 1e3
}

pub fn read(id: Option<&str>, workspace: &str, path: &str, content: Content) -> String {
    let Content { mut bytes, size } = content;
    let truncated = (bytes.len() as u64) < size;
    if truncated {
        // A character is not cut; where it is no text, that does not matter.
        let whole = match std::str::from_utf8(&bytes) {
            Err(fault) if fault.error_len().is_none() => fault.valid_up_to(),
            Ok(_) | Err(_) => bytes.len(),
        };
        bytes.truncate(whole);
    }
    let text = Text::from_bytes(bytes);
    let (data, base64) = match &text {
        Text::Utf8(text) => (Some(text.as_str()), None),
        Text::Binary(bytes) => (None, Some(text::to_base64(bytes))),
    };
    let (path, size, truncated) = (Some(path), Some(size), Some(truncated));
    json(&WorkspaceFrame { path, data, base64, size, truncated, ..frame(id, Some(workspace), "read") })
}

pub fn closed(id: Option<&str>, workspace: &str) -> String {
    json(&frame(id, Some(workspace), "closed"))
}

/// `files` of a result.
#[derive(Serialize, JsonSchema)]
pub(super) struct FilesPart<'a> {
    #[schemars(schema_with = "schema::files")]
    created: Many<'a>,
    #[schemars(schema_with = "schema::files")]
    changed: Many<'a>,
    deleted: &'a [String],
    truncated: bool,
}

struct Many<'a>(&'a [(String, FileLeft)]);

impl Serialize for Many<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (path, FileLeft { data, truncated }) in self.0 {
            map.serialize_entry(path, &FilePart { data, truncated: *truncated })?;
        }
        map.end()
    }
}

struct FilePart<'a> {
    data: &'a Text,
    truncated: bool,
}

impl Serialize for FilePart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.data {
            Text::Utf8(text) => map.serialize_entry("data", text)?,
            Text::Binary(bytes) => map.serialize_entry("base64", &text::to_base64(bytes))?,
        }
        if self.truncated {
            map.serialize_entry("truncated", &true)?;
        }
        map.end()
    }
}

pub(super) fn files(files: &FilesLeft) -> FilesPart<'_> {
    let FilesLeft { created, changed, deleted, truncated } = files;
    FilesPart { created: Many(created), changed: Many(changed), deleted, truncated: *truncated }
}

/// `workspace` of a result.
#[derive(Serialize, JsonSchema)]
pub(super) struct SavedPart<'a> {
    name: &'a str,
    saved: bool,
    message: Option<&'a str>,
}

pub(super) fn saved(saved: &Saved) -> SavedPart<'_> {
    let Saved { name, fault } = saved;
    SavedPart { name, saved: fault.is_none(), message: fault.as_deref() }
}
