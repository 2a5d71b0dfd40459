//! A submission as it is sent -> a record and the `run` frame for it, or what is wrong with each attribute, in Judge0's words. Pure.

use super::languages;
use super::record::{Blob, IN_QUEUE, Outcome, Record};
use crate::config::LimitsConfig;
use crate::limits::Figures;
use crate::protocol::to_base64;
use crate::server::doors::lenient_base64;
use crate::toolchain::Toolchain;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// How often one submission may be run for the mean of its times.
pub(super) const MOST_RUNS: u64 = 20;
/// In KB and s: taken, and not enforced as such.
pub(super) const MOST_STACK: u64 = 256_000;
pub(super) const MOST_EXTRA: f64 = 5.0;

/// Characters of a compiler's options.
const MOST_OPTIONS: usize = 512;

/// What is wrong, by attribute.
pub(super) type Errors = BTreeMap<String, Vec<String>>;

/// What is to be done.
pub(super) struct Asked {
    pub(super) record: Record,
    pub(super) fields: Map<String, Value>,
    pub(super) runs: u64,
    pub(super) merges: bool,
    pub(super) callback: Option<String>,
}

/// What a request is held against.
pub(super) struct Rules<'a> {
    pub(super) toolchains: Vec<&'a Toolchain>,
    pub(super) limits: &'a LimitsConfig,
    pub(super) callback_hosts: &'a [String],
    pub(super) base64: bool,
}

pub(super) fn one(errors: &mut Errors, attribute: &str, what: impl Into<String>) {
    errors.entry(attribute.to_owned()).or_default().push(what.into());
}

pub(super) fn submission(body: &Value, rules: &Rules<'_>) -> Result<Asked, Errors> {
    let mut errors = Errors::new();
    let mut attributes = Map::new();
    let toolchain = language(body, rules, &mut errors);
    let text = |attribute: &str, errors: &mut Errors| match &body[attribute] {
        Value::Null => None,
        Value::String(text) if rules.base64 => Some(lenient_base64(text)),
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            one(errors, attribute, "must be a string");
            None
        }
    };
    let source = text("source_code", &mut errors).filter(|source| !source.trim_ascii().is_empty());
    let is_project = toolchain.is_some_and(|(_, toolchain)| languages::is_project(toolchain));
    match (is_project, &source) {
        (false, None) => one(&mut errors, "source_code", "can't be blank"),
        (true, Some(_)) => one(&mut errors, "source_code", "must be blank"),
        (false, Some(_)) | (true, None) => {}
    }
    let (stdin, expected) = (text("stdin", &mut errors), text("expected_output", &mut errors));
    let limits = limits(body, rules.limits, &mut attributes, &mut errors);
    let runs = number(body, "number_of_runs", (1.0, MOST_RUNS as f64), &mut errors).unwrap_or(1.0);
    attributes.insert("number_of_runs".to_owned(), whole(runs).into());
    let merges = flag(body, "redirect_stderr_to_stdout");
    for attribute in ["redirect_stderr_to_stdout", "enable_per_process_and_thread_time_limit", "enable_per_process_and_thread_memory_limit"]
    {
        attributes.insert(attribute.to_owned(), flag(body, attribute).into());
    }
    attributes.insert("enable_network".to_owned(), false.into());
    if flag(body, "enable_network") {
        one(&mut errors, "enable_network", "enabling network is not allowed");
    }
    let (compile_args, link_args) = compiler_options(body, toolchain.map(|(_, toolchain)| toolchain), &mut attributes, &mut errors);
    let args = args(body, &mut attributes, &mut errors);
    let callback = callback(body, rules, &mut attributes, &mut errors);
    let files = additional_files(body, rules.limits, &mut errors);
    if is_project && files.is_empty() && !errors.contains_key("additional_files") {
        one(&mut errors, "additional_files", "can't be blank");
    }
    let (Some((language_id, toolchain)), true) = (toolchain, errors.is_empty()) else {
        return Err(errors);
    };
    let main = toolchain.main.as_str();
    let mut all: Map<String, Value> = files.into_iter().map(|(name, bytes)| (name, json!({"base64": to_base64(&bytes)}))).collect();
    if let Some(source) = &source {
        all.insert(main.to_owned(), json!({"base64": to_base64(source)}));
    }
    let mut fields = Map::new();
    fields.insert("language".to_owned(), toolchain.name.as_str().into());
    fields.insert("main".to_owned(), main.into());
    fields.insert("files".to_owned(), all.into());
    fields.insert("args".to_owned(), args.into());
    fields.insert("compile_args".to_owned(), compile_args.into());
    fields.insert("link_args".to_owned(), link_args.into());
    fields.insert("limits".to_owned(), limits.into());
    if let Some(stdin) = &stdin {
        fields.insert("stdin".to_owned(), json!({"base64": to_base64(stdin)}));
    }
    if !merges {
        fields.insert("stream".to_owned(), false.into());
    }
    let record = Record {
        token: String::new(),
        owner: None,
        language_id,
        language: languages::name(toolchain),
        source_code: source.map(Blob),
        stdin: stdin.map(Blob),
        expected_output: expected.map(Blob),
        additional_files: body["additional_files"].as_str().map(|files| Blob(lenient_base64(files))),
        attributes,
        created_at: 0,
        finished_at: None,
        result: Outcome { status: IN_QUEUE, ..Outcome::default() },
    };
    Ok(Asked { record, fields, runs: whole(runs), merges, callback })
}

fn language<'a>(body: &Value, rules: &Rules<'a>, errors: &mut Errors) -> Option<(u64, &'a Toolchain)> {
    let given = &body["language_id"];
    let id = given.as_u64().or_else(|| given.as_str()?.trim().parse().ok());
    let known =
        id.and_then(|id| rules.toolchains.iter().find(|toolchain| languages::ids(toolchain).contains(&id)).map(|found| (id, *found)));
    match (given, known) {
        (Value::Null, _) => one(errors, "language_id", "can't be blank"),
        (Value::String(text), None) if text.trim().is_empty() => one(errors, "language_id", "can't be blank"),
        (given, None) => {
            let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
            let text = &text[..text.floor_char_boundary(40)];
            one(errors, "language_id", format!("language with id {text} doesn't exist"));
        }
        (_, Some(_)) => {}
    }
    known
}

/// Whatever does not say no, as there.
fn flag(body: &Value, attribute: &str) -> bool {
    match &body[attribute] {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !["", "0", "f", "F", "false", "FALSE", "off", "OFF"].contains(&text.as_str()),
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// A number above 0 and up to a bound, also as text; None where nothing is said or something is wrong.
fn number(body: &Value, attribute: &str, (least, most): (f64, f64), errors: &mut Errors) -> Option<f64> {
    let given = match &body[attribute] {
        Value::Null => return None,
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Number(given) => given.as_f64(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match given {
        None => one(errors, attribute, "is not a number"),
        Some(given) if given <= 0.0 => one(errors, attribute, "must be greater than 0"),
        Some(given) if given > most => one(errors, attribute, format!("must be less than or equal to {most}")),
        Some(given) => return Some(given.max(least.min(most))),
    }
    None
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and bounded")]
fn whole(number: f64) -> u64 {
    number.ceil() as u64
}

/// The limits of a frame, and what is told of them. Those that nobody asks for are the toolchain's.
#[expect(clippy::cast_precision_loss, reason = "far below the numbers that a float can't tell apart")]
fn limits(body: &Value, config: &LimitsConfig, attributes: &mut Map<String, Value>, errors: &mut Errors) -> Map<String, Value> {
    let (Figures { time_ms, wall_ms, memory_mb, files_mb, processes, .. }, usual) = (&config.most, &config.usual);
    let mut limits = Map::new();
    // Theirs and ours, the most in theirs, how many of theirs one of ours is, and the usual.
    for (theirs, ours, most, unit, usual) in [
        ("cpu_time_limit", "time_ms", *time_ms, 0.001, usual.time_ms),
        ("wall_time_limit", "wall_ms", *wall_ms, 0.001, usual.wall_ms),
        ("memory_limit", "memory_mb", *memory_mb, 1024.0, usual.memory_mb),
        ("max_file_size", "files_mb", *files_mb, 1024.0, usual.files_mb),
        ("max_processes_and_or_threads", "processes", *processes, 1.0, usual.processes),
    ] {
        let given = number(body, theirs, (unit, most as f64 * unit), errors);
        if let Some(given) = given {
            // A rounded quotient may lie a hair above what was meant.
            limits.insert(ours.to_owned(), whole((given / unit - 1e-6).max(1.0)).into());
        }
        let told = given.unwrap_or(usual as f64 * unit);
        attributes.insert(theirs.to_owned(), if unit < 1.0 { told.to_string().into() } else { whole(told).into() });
    }
    let extra = number(body, "cpu_extra_time", (0.0, MOST_EXTRA), errors).unwrap_or(0.5);
    attributes.insert("cpu_extra_time".to_owned(), extra.to_string().into());
    let stack = number(body, "stack_limit", (0.0, MOST_STACK as f64), errors).unwrap_or(64_000.0);
    attributes.insert("stack_limit".to_owned(), whole(stack).into());
    limits
}

/// Libraries apart: a linker that is asked for one before the sources has forgotten it when it comes to them.
fn compiler_options(
    body: &Value,
    toolchain: Option<&Toolchain>,
    attributes: &mut Map<String, Value>,
    errors: &mut Errors,
) -> (Vec<String>, Vec<String>) {
    const ATTRIBUTE: &str = "compiler_options";
    let text = match &body[ATTRIBUTE] {
        Value::String(text) => text,
        Value::Null => return Default::default(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            one(errors, ATTRIBUTE, "must be a string");
            return Default::default();
        }
    };
    attributes.insert(ATTRIBUTE.to_owned(), text.as_str().into());
    if text.trim().is_empty() {
        return Default::default();
    }
    if text.chars().count() > MOST_OPTIONS {
        one(errors, ATTRIBUTE, format!("is too long (maximum is {MOST_OPTIONS} characters)"));
    }
    if toolchain.is_some_and(|toolchain| !toolchain.takes("compile_args")) {
        one(errors, ATTRIBUTE, "setting compiler options is only allowed for compiled languages");
    }
    let words = split(text, ATTRIBUTE, errors);
    let has_place = toolchain.is_some_and(|toolchain| toolchain.takes("link_args"));
    words.into_iter().partition(|word| !(has_place && word.starts_with("-l")))
}

fn args(body: &Value, attributes: &mut Map<String, Value>, errors: &mut Errors) -> Vec<String> {
    const ATTRIBUTE: &str = "command_line_arguments";
    let Some(text) = body[ATTRIBUTE].as_str() else { return Vec::new() };
    attributes.insert(ATTRIBUTE.to_owned(), text.into());
    split(text, ATTRIBUTE, errors)
}

/// As a shell would split them; nothing in them is expanded.
fn split(text: &str, attribute: &str, errors: &mut Errors) -> Vec<String> {
    shlex::split(text).unwrap_or_else(|| {
        one(errors, attribute, "can't be split: a quote is not closed");
        Vec::new()
    })
}

fn callback(body: &Value, rules: &Rules<'_>, attributes: &mut Map<String, Value>, errors: &mut Errors) -> Option<String> {
    let url = body["callback_url"].as_str().filter(|url| !url.trim().is_empty())?;
    attributes.insert("callback_url".to_owned(), url.into());
    let parsed = url.parse::<axum::http::Uri>().ok().filter(|url| matches!(url.scheme_str(), Some("http" | "https")));
    let place = parsed.as_ref().and_then(|url| url.authority());
    let is_allowed = place.is_some_and(|place| {
        !place.as_str().contains('@') && rules.callback_hosts.iter().any(|host| host == place.as_str() || host == place.host())
    });
    if !is_allowed {
        one(errors, "callback_url", "setting callback is not allowed");
    }
    Some(url.to_owned())
}

/// A .zip in base64. What its headers claim is not believed: bytes are counted as they come; names are the frame's parser's to refuse.
fn additional_files(body: &Value, config: &LimitsConfig, errors: &mut Errors) -> Vec<(String, Vec<u8>)> {
    let Some(text) = body["additional_files"].as_str().filter(|text| !text.is_empty()) else { return Vec::new() };
    unzip(&lenient_base64(text), config.most.files_mb << 20, config.job.files).unwrap_or_else(|what| {
        one(errors, "additional_files", what);
        Vec::new()
    })
}

fn unzip(bytes: &[u8], most: u64, most_files: usize) -> Result<Vec<(String, Vec<u8>)>, String> {
    let broken = |fault: zip::result::ZipError| format!("is not a readable archive: {fault}");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > most_files {
        return Err(format!("has {} files, the most allowed is {most_files}", archive.len()));
    }
    let (mut files, mut left) = (Vec::new(), most);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(format!("holds a link, `{}`", name.escape_debug()));
        }
        let mut content = Vec::new();
        entry.take(left + 1).read_to_end(&mut content).map_err(|fault| format!("can't be unpacked: {fault}"))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| format!("is more than {most} bytes unpacked"))?;
        files.push((name.trim_start_matches("./").to_owned(), content));
    }
    Ok(files)
}
