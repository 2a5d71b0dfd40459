//! What a client sends -> what is asked. Refuses by name: the field, the limit, what was given. Called by the
//! socket for each frame; pure, and fuzzed.

mod judging;
mod workspace;

use super::answers::{ClockRequest, GlanceRequest};
use super::{
    CancelFrame, CloseFrame, Code, Data, Head, HelloFrame, ListFrame, OpenFrame, Pairs, ReadFrame, Refusal, RunFrame, SignalFrame,
    StdinFrame, StreamWish, clip, text,
};
use crate::config::{Config, JobLimits};
use crate::job::{Client, Deterministic, InWorkspace, Job, JobFile, JobPath, Owner, Priority, Stream, TraceParent, Wishes};
use crate::judge::colour;
use crate::limits::{self, Asked, Figures};
use crate::link::Signal;
use crate::toolchain::{Kind, Toolchain, Toolchains};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
pub use workspace::Ask;

/// The longest id of a run.
const MAX_ID: usize = 128;
/// The largest `meta`.
const MAX_META: usize = 16 << 10;
/// Characters of a line, where lines are asked for.
const USUAL_WIDTH: usize = 500;
const MAX_WIDTH: usize = 64 << 10;

/// A frame of a client, checked.
#[derive(Debug)]
pub enum Request {
    Hello { token: Option<String> },
    Run(Box<Job>),
    Stdin { id: String, bytes: Vec<u8>, eof: bool },
    Cancel { id: String },
    Signal { id: String, signal: Signal },
    Workspace { id: Option<String>, ask: Ask },
    Glance { machine: bool },
    Clock { client_ms: u64 },
}

/// What parsing needs to know of the server.
#[derive(Clone)]
pub struct Rules {
    pub toolchains: Toolchains,
    pub most: Figures,
    pub job: JobLimits,
    /// Images that a job may ask for.
    pub images: Vec<String>,
    pub workspaces: crate::listing::Bounds,
}

impl Rules {
    pub fn new(config: &Config, toolchains: Toolchains) -> Self {
        Self {
            toolchains,
            most: config.limits.most.clone(),
            job: config.limits.job.clone(),
            images: config.docker.images.clone(),
            workspaces: config.workspaces(),
        }
    }
}

/// A refusal, and the run that it is about.
#[derive(Debug)]
pub struct Refused {
    pub id: Option<String>,
    pub refusal: Refusal,
}

pub fn request(frame: &str, rules: &Rules) -> Result<Request, Box<Refused>> {
    let refused = |id, refusal| Box::new(Refused { id, refusal });
    let head: Head = serde_json::from_str(frame).map_err(|fault| refused(None, bad_json(&fault)))?;
    let id = match &head.id {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(refused(None, Refusal::of_field(Code::BadField, "id", "`id` must be a string"))),
    };
    let kind = match &head.kind {
        None => return Err(refused(id, Refusal::of_field(Code::MissingField, "type", "`type` is missing"))),
        Some(serde_json::Value::String(kind)) => kind.as_str(),
        Some(_) => return Err(refused(id, Refusal::of_field(Code::BadField, "type", "`type` must be a string"))),
    };
    let request = match kind {
        "run" => read::<RunFrame<'_>>(frame).and_then(|frame| job(frame, rules)).map(|job| Request::Run(Box::new(job))),
        "stdin" => read::<StdinFrame>(frame).and_then(stdin),
        "cancel" => read::<CancelFrame>(frame).map(|CancelFrame { id, .. }| Request::Cancel { id }),
        "signal" => read::<SignalFrame>(frame).and_then(signal),
        "glance" => read::<GlanceRequest>(frame).map(|frame| Request::Glance { machine: frame.sys.unwrap_or(false) }),
        "clock" => read::<ClockRequest>(frame).and_then(ClockRequest::check).map(|client_ms| Request::Clock { client_ms }),
        "hello" => read::<HelloFrame>(frame).map(|frame| Request::Hello { token: frame.token }),
        "workspace.open" => read::<OpenFrame>(frame).and_then(|frame| workspace::open(frame, rules)),
        "workspace.list" => read::<ListFrame>(frame).and_then(workspace::list),
        "workspace.read" => read::<ReadFrame>(frame).and_then(|frame| workspace::read(frame, rules)),
        "workspace.close" => read::<CloseFrame>(frame).and_then(workspace::close),
        _ => {
            let message = format!(
                "unknown type `{}`\nhint: a client sends `hello`, `run`, `stdin`, `cancel`, `signal`, `workspace.…`, `glance` or `clock`",
                clip(kind)
            );
            Err(Refusal::of_field(Code::BadFrame, "type", message))
        }
    };
    request.map_err(|refusal| refused(id, refusal))
}

fn bad_json(fault: &serde_json::Error) -> Refusal {
    if fault.is_data() {
        return Refusal::new(Code::BadJson, "a frame is a JSON object");
    }
    Refusal::new(Code::BadJson, format!("not JSON: {fault}"))
}

/// Reads a frame whose type is known; says which field is wrong.
fn read<'a, Frame: Deserialize<'a>>(frame: &'a str) -> Result<Frame, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_str(frame);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|fault| {
        let path = fault.path().to_string();
        let text = fault.inner().to_string();
        // The position at the end helps nobody: clients don't see their frames as lines.
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        match text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            Some(field) => {
                let field = if path == "." { field.to_owned() } else { format!("{path}.{field}") };
                Refusal::of_field(Code::MissingField, &field, format!("`{field}` is missing"))
            }
            None if path == "." => Refusal::new(Code::BadField, text),
            None => Refusal::of_field(Code::BadField, &path, format!("`{path}`: {text}")),
        }
    })
}

fn stdin(frame: StdinFrame) -> Result<Request, Refusal> {
    let StdinFrame { _kind: _, id, data, base64, eof } = frame;
    let bytes = match (data, base64) {
        (Some(_), Some(_)) => return Err(Refusal::of_field(Code::BadField, "base64", "give `data` or `base64`, not both")),
        (Some(data), None) => data.into_bytes(),
        (None, Some(base64)) => text::from_base64(&base64).map_err(|fault| Refusal::of_field(Code::BadField, "base64", fault))?,
        (None, None) if eof => Vec::new(),
        (None, None) => return Err(Refusal::of_field(Code::MissingField, "data", "`data`, `base64` or `eof` is missing")),
    };
    Ok(Request::Stdin { id, bytes, eof })
}

fn signal(frame: SignalFrame) -> Result<Request, Refusal> {
    let SignalFrame { _kind: _, id, signal: name } = frame;
    let signal = Signal::parse(&name).ok_or_else(|| {
        let message = format!("unknown signal `{}`\nhint: names are those of Linux, such as `SIGINT`", clip(&name));
        Refusal::of_field(Code::BadField, "signal", message)
    })?;
    Ok(Request::Signal { id, signal })
}

fn job(mut frame: RunFrame<'_>, rules: &Rules) -> Result<Job, Refusal> {
    let priority = match frame.priority {
        None | Some(super::Priority::Interactive) => Priority::Interactive,
        Some(super::Priority::Batch) => Priority::Batch,
    };
    let workspace = workspace::of_run(&mut frame)?;
    let collect = frame.collect.take().map(|collect| workspace::collect(collect, rules)).transpose()?;
    let RunFrame {
        id, language, code, files, main, args, env, stdin, interactive, limits, deterministic, stream, meta, traceparent, ..
    } = frame;
    let (harness, rules_text, width) = (frame.harness, frame.rules, frame.width);
    let given = judging::Given { tests: frame.tests, compare: frame.compare, stop_on_failure: frame.stop_on_failure };
    let wishes = Wishes {
        command: frame.command,
        image: frame.image,
        terminal: frame.terminal.unwrap_or(false),
        compile_args: frame.compile_args.unwrap_or_default(),
        link_args: frame.link_args.unwrap_or_default(),
    };
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Refusal::of_field(Code::BadField, "id", format!("`id` must have 1 to {MAX_ID} bytes")));
    }
    let Some(toolchain) = rules.toolchains.find(&language) else {
        let message = format!("unknown language `{}`\nhint: there are {}", clip(&language), rules.toolchains.names());
        return Err(Refusal::of_field(Code::UnknownLanguage, "language", message));
    };
    let asked_limits = limits.unwrap_or_default();
    let limits = asked(asked_limits.clone()).within(&toolchain.limits, &rules.most).map_err(limit_refusal)?;
    let files = files.unwrap_or_default();
    // A command starts what it likes: it needs no main file, any of them will do.
    let is_free = wishes.command.is_some() && code.is_none() && files.0.iter().all(|(name, _)| name != toolchain.main.as_str());
    let main = main.or_else(|| files.0.first().filter(|_| is_free).map(|(name, _)| name.clone()));
    let (files, main) = match &workspace {
        None => sources(toolchain, code, files, main, limits.file_bytes, &rules.job)?,
        Some(workspace) => workspace_sources(toolchain, (code, files, main), workspace, limits.file_bytes, &rules.job)?,
    };
    let (args, env) = (args.unwrap_or_default(), env.unwrap_or_default().0);
    check_wishes(&wishes, toolchain, rules)?;
    check_compile_args(&wishes, toolchain, rules.job.args_kb << 10)?;
    let words = wishes.command.iter().flatten().chain(&args);
    check_words(words, &env, rules.job.args_kb << 10)?;
    let interactive = interactive.unwrap_or(false);
    let deterministic = deterministic.map(seeds).transpose()?;
    if deterministic.is_some() && interactive {
        let message = "a deterministic run can't be interactive: its input must be known before it starts";
        return Err(Refusal::of_field(Code::BadField, "interactive", message));
    }
    if deterministic.is_some() && matches!(toolchain.kind, Kind::Docker(_)) {
        let message = format!("`deterministic` needs a language that runs in a cell; `{}` runs in a container", toolchain.name);
        return Err(Refusal::of_field(Code::BadField, "deterministic", message));
    }
    if limits.fuel.is_some() && deterministic.is_none() {
        let message = "`limits.fuel` needs `deterministic`: fuel is counted in reproducible runs only";
        return Err(Refusal::of_field(Code::BadField, "limits.fuel", message));
    }
    let most_stdin = rules.job.stdin_kb << 10;
    let stdin = stdin.map(|stdin| unpack(stdin, "stdin", most_stdin)).transpose()?.unwrap_or_default();
    if stdin.len() as u64 > most_stdin {
        return Err(too_large("stdin", most_stdin, stdin.len() as u64));
    }
    let own = judging::Own { toolchain, files: &files, args: &args, asked: &asked_limits, limits: &limits };
    let tests = judging::tests(given, &own, rules)?;
    let harness = harness.map(|frame| judging::harness(frame, &own, rules)).transpose()?;
    if (tests.is_some() || harness.is_some()) && (interactive || !stdin.is_empty()) {
        let field = if interactive { "interactive" } else { "stdin" };
        return Err(Refusal::of_field(Code::BadField, field, format!("`{field}` does not go with tests: each has an input of its own")));
    }
    if harness.is_some() && (tests.is_some() || deterministic.is_some()) {
        let field = if tests.is_some() { "tests" } else { "deterministic" };
        return Err(Refusal::of_field(Code::BadField, field, format!("`{field}` does not go with `harness`")));
    }
    let colours = rules_text.map_or_else(|| Ok(toolchain.rules.clone()), |text| colours(text).map(Some))?;
    let stream = how_streamed(stream, width)?;
    let meta = meta.map(|meta| meta.get().to_owned());
    if let Some(meta) = &meta
        && meta.len() > MAX_META
    {
        return Err(too_large("meta", MAX_META as u64, meta.len() as u64));
    }
    let trace = traceparent.map(|text| {
        TraceParent::parse(&text).ok_or_else(|| {
            Refusal::of_field(
                Code::BadField,
                "traceparent",
                "`traceparent` is not as W3C writes it: 00-TRACE-SPAN-FLAGS, in small hexadecimal digits",
            )
        })
    });
    Ok(Job {
        id,
        toolchain: toolchain.clone(),
        files: Arc::new(files),
        main,
        args,
        env,
        stdin: Bytes::from(stdin),
        interactive,
        limits,
        deterministic,
        wishes,
        workspace,
        collect,
        handed: None,
        places: Arc::default(),
        owner: Owner::default(),
        client: Client::default(),
        priority,
        tests,
        harness,
        rules: colours,
        stream,
        meta,
        trace: trace.transpose()?,
    })
}

/// What only containers can do, and images that the operator lists.
fn check_wishes(wishes: &Wishes, toolchain: &Toolchain, rules: &Rules) -> Result<(), Refusal> {
    let Wishes { command, image, terminal, compile_args: _, link_args: _ } = wishes;
    let asked = [("command", command.is_some()), ("image", image.is_some()), ("terminal", *terminal)];
    if let (Kind::Wasm { .. }, Some((field, _))) = (&toolchain.kind, asked.iter().find(|(_, is_asked)| *is_asked)) {
        let message = format!("`{field}` needs a language that runs in a container; `{}` runs in a cell", toolchain.name);
        return Err(Refusal::of_field(Code::BadField, *field, message));
    }
    if command.as_ref().is_some_and(|command| command.first().is_none_or(String::is_empty)) {
        return Err(Refusal::of_field(Code::BadField, "command", "`command` is empty"));
    }
    match image {
        Some(image) if !rules.images.contains(image) => {
            let known =
                if rules.images.is_empty() { "it allows none".to_owned() } else { format!("there are {}", rules.images.join(", ")) };
            let message = format!("the operator does not allow the image `{}`\nhint: {known}", clip(image));
            Err(Refusal::of_field(Code::BadField, "image", message))
        }
        Some(_) | None => Ok(()),
    }
}

/// Only where a compile step has a place for them: what would have no effect is refused.
fn check_compile_args(wishes: &Wishes, toolchain: &Toolchain, most: usize) -> Result<(), Refusal> {
    let mut given = 0;
    for (field, args) in [("compile_args", &wishes.compile_args), ("link_args", &wishes.link_args)] {
        if args.is_empty() {
            continue;
        }
        if wishes.command.is_some() {
            let message = format!("`{field}` does not go with `command`, in whose place nothing is compiled");
            return Err(Refusal::of_field(Code::BadField, field, message));
        }
        if !toolchain.takes(field) {
            let message = format!("`{field}` needs a language whose compile step takes such arguments, and `{}` is none", toolchain.name);
            return Err(Refusal::of_field(Code::BadField, field, message));
        }
        if args.iter().any(|arg| arg.contains('\0')) {
            return Err(Refusal::of_field(Code::BadField, field, format!("`{field}` holds a NUL character")));
        }
        given += args.iter().map(|arg| arg.len() + 1).sum::<usize>();
        if given > most {
            return Err(too_large(field, most as u64, given as u64));
        }
    }
    Ok(())
}

fn colours(text: super::rules::RulesText) -> Result<Arc<colour::Rules>, Refusal> {
    let rules = text.check().map_err(|colour::Mistake { field, what }| {
        let field = format!("rules.{field}");
        let message = format!("`{field}`: {what}");
        Refusal::of_field(Code::BadField, field, message)
    });
    rules.map(Arc::new)
}

fn how_streamed(wish: Option<StreamWish>, width: Option<usize>) -> Result<Stream, Refusal> {
    let bad_width = |what: String| Err(Refusal::of_field(Code::BadField, "width", format!("`width` {what}")));
    match (wish, width) {
        (Some(StreamWish::Lines), None) => Ok(Stream::Lines { width: USUAL_WIDTH }),
        (Some(StreamWish::Lines), Some(width)) if (1..=MAX_WIDTH).contains(&width) => Ok(Stream::Lines { width }),
        (Some(StreamWish::Lines), Some(_)) => bad_width(format!("must be 1 to {MAX_WIDTH} characters")),
        (_, Some(_)) => bad_width("needs `stream`: \"lines\"".to_owned()),
        (None | Some(StreamWish::Live), None) => Ok(Stream::Live),
        (Some(StreamWish::Quiet), None) => Ok(Stream::Quiet),
    }
}

fn asked(frame: super::LimitsFrame) -> Asked {
    let super::LimitsFrame { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes, fuel } = frame;
    Asked { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes, fuel }
}

fn limit_refusal(refusal: limits::Refusal) -> Refusal {
    let message = refusal.to_string();
    match refusal {
        limits::Refusal::TooHigh { field, limit, given } => {
            Refusal::of_bound(Code::LimitTooHigh, &format!("limits.{field}"), (limit, given), message)
        }
        limits::Refusal::Zero { field } => Refusal::of_field(Code::BadField, format!("limits.{field}"), message),
    }
}

fn too_large(field: &str, limit: u64, given: u64) -> Refusal {
    let message = format!("`{field}` has {given} bytes, the most allowed is {limit}");
    Refusal::of_bound(Code::TooLarge, field, (limit, given), message)
}

/// The program's files and the one that is started.
fn sources(
    toolchain: &Toolchain,
    code: Option<Data>,
    files: Pairs<Data>,
    main: Option<String>,
    most: u64,
    bounds: &JobLimits,
) -> Result<(Vec<JobFile>, JobPath), Refusal> {
    if code.is_none() && files.0.is_empty() {
        return Err(Refusal::of_field(Code::MissingField, "code", "`code` or `files` is missing"));
    }
    let main = main.map(|main| path("main", &main)).transpose()?;
    let code_path = code_path(toolchain, main.as_ref(), &files);
    let all = files_of(code.map(|code| (code_path, code)), files, most, bounds.files)?;
    let main = match main {
        Some(main) if all.iter().any(|file| file.path == main) => main,
        Some(main) => {
            return Err(Refusal::of_field(Code::BadField, "main", format!("`main` names `{}`, which is not in `files`", main.as_str())));
        }
        None => usual_main(toolchain, &all)?,
    };
    Ok((all, main))
}

/// Where `code` goes: `main` names what is started, one of the files or else the code.
fn code_path(toolchain: &Toolchain, main: Option<&JobPath>, files: &Pairs<Data>) -> JobPath {
    let is_given = |path: &JobPath| files.0.iter().any(|(name, _)| name == path.as_str());
    match main {
        Some(main) if !is_given(main) => main.clone(),
        Some(_) | None => toolchain.main.clone(),
    }
}

/// What is new in a workspace, and what is started there: whether that is there is known at its turn.
fn workspace_sources(
    toolchain: &Toolchain,
    (code, files, main): (Option<Data>, Pairs<Data>, Option<String>),
    workspace: &InWorkspace,
    most: u64,
    bounds: &JobLimits,
) -> Result<(Vec<JobFile>, JobPath), Refusal> {
    let main = main.map(|main| path("main", &main)).transpose()?;
    let code_path = code_path(toolchain, main.as_ref(), &files);
    let files = files_of(code.map(|code| (code_path, code)), files, most, bounds.files)?;
    if let Some(path) = workspace.remove.iter().find(|path| files.iter().any(|file| file.path == **path)) {
        let message = format!("`{}` is in `files` and in `remove`", clip(path.as_str()));
        return Err(Refusal::of_field(Code::BadField, "remove", message));
    }
    Ok((files, main.unwrap_or_else(|| toolchain.main.clone())))
}

/// Files as a client sends them, checked and unpacked.
fn files_of(code: Option<(JobPath, Data)>, files: Pairs<Data>, most: u64, most_files: usize) -> Result<Vec<JobFile>, Refusal> {
    let count = files.0.len() + usize::from(code.is_some());
    if count > most_files {
        let message = format!("{count} files, the most allowed is {most_files}");
        return Err(Refusal::of_bound(Code::TooLarge, "files", (most_files as u64, count as u64), message));
    }
    let mut all: Vec<JobFile> = Vec::with_capacity(count);
    let mut total = 0;
    let code = code.map(|(path, code)| (path.as_str().to_owned(), code, "code".to_owned()));
    let named = files.0.into_iter().map(|(name, data)| {
        let field = format!("files.{}", clip(&name));
        (name, data, field)
    });
    for (name, data, field) in code.into_iter().chain(named) {
        let path = path(&field, &name)?;
        let content = unpack(data, &field, most)?;
        total += content.len() as u64;
        if total > most {
            return Err(too_large("files", most, total));
        }
        all.push(JobFile { path, content: content.into(), about: None });
    }
    check_tree(&all)?;
    Ok(all)
}

fn usual_main(toolchain: &Toolchain, files: &[JobFile]) -> Result<JobPath, Refusal> {
    if files.iter().any(|file| file.path == toolchain.main) {
        return Ok(toolchain.main.clone());
    }
    let mut candidates = files.iter().filter(|file| toolchain.is_source(&file.path));
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(only.path.clone()),
        _ => {
            let message = format!("`main` is missing: there is no `{}` in `files`", toolchain.main.as_str());
            Err(Refusal::of_field(Code::MissingField, "main", message))
        }
    }
}

fn path(field: &str, text: &str) -> Result<JobPath, Refusal> {
    JobPath::parse(text).map_err(|fault| Refusal::of_field(Code::BadPath, field, format!("the path `{}` {fault}", clip(text))))
}

/// No path twice, none both file and folder.
fn check_tree(files: &[JobFile]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    for file in files {
        if !seen.insert(file.path.as_str()) {
            return Err(Refusal::of_field(Code::BadPath, "files", format!("the path `{}` is there twice", clip(file.path.as_str()))));
        }
    }
    for file in files {
        let mut folder = file.path.as_str();
        while let Some((parent, _)) = folder.rsplit_once('/') {
            if seen.contains(parent) {
                return Err(Refusal::of_field(Code::BadPath, "files", format!("`{}` is both a file and a folder", clip(parent))));
            }
            folder = parent;
        }
    }
    Ok(())
}

fn unpack(data: Data, field: &str, most: u64) -> Result<Vec<u8>, Refusal> {
    match data {
        Data::Plain(bytes) => Ok(bytes),
        Data::Gzip(packed) => {
            let mut bytes = Vec::new();
            let read = flate2::read::MultiGzDecoder::new(&packed[..]).take(most.saturating_add(1)).read_to_end(&mut bytes);
            read.map_err(|fault| Refusal::of_field(Code::BadField, field, format!("`{field}`: not gzip: {fault}")))?;
            if bytes.len() as u64 > most {
                return Err(too_large(field, most, bytes.len() as u64));
            }
            Ok(bytes)
        }
    }
}

fn check_words<'a>(args: impl Iterator<Item = &'a String>, env: &[(String, String)], most: usize) -> Result<(), Refusal> {
    let mut given = 0;
    for arg in args {
        if arg.contains('\0') {
            return Err(Refusal::of_field(Code::BadField, "args", "`args` or `command` holds a NUL character"));
        }
        given += arg.len() + 1;
    }
    for (name, value) in env {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            let message = format!("`env.{}`: a name is not empty and holds no `=`, neither holds NUL", clip(name));
            return Err(Refusal::of_field(Code::BadField, "env", message));
        }
    }
    given += env.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
    if given > most {
        return Err(too_large("args", most as u64, given as u64));
    }
    Ok(())
}

fn seeds(frame: super::DeterministicFrame) -> Result<Deterministic, Refusal> {
    let now = match frame.now {
        None => SystemTime::UNIX_EPOCH + Duration::from_secs(DEFAULT_NOW),
        Some(text) => instant(&text).ok_or_else(|| {
            let message = format!("`deterministic.now`: `{}` is not a time such as 2026-01-01T00:00:00Z", clip(&text));
            Refusal::of_field(Code::BadField, "deterministic.now", message)
        })?,
    };
    Ok(Deterministic { seed: frame.seed.unwrap_or(0), now })
}

/// The first of January 2026: a run that asks for no time gets one that does not change.
const DEFAULT_NOW: u64 = 1_767_225_600;

/// A time from 1970 on, as RFC 3339 has it.
fn instant(text: &str) -> Option<SystemTime> {
    let toml::value::Datetime { date: Some(date), time: Some(time), offset: Some(offset) } = text.parse().ok()? else { return None };
    let days = days_since_epoch(date.year.into(), date.month.into(), date.day.into());
    let minutes = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i64::from(minutes),
    };
    let seconds = days * 86_400 + i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second) - minutes * 60;
    let nanoseconds = Duration::from_nanos(time.nanosecond.into());
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?) + nanoseconds)
}

/// Days of the Gregorian calendar: years begin in March here, so that the odd day is the last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests;
