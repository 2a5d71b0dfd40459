//! What clients ask of workspaces, and what a run says of its own. Called by `parse`.

use super::super::{CloseFrame, Code, CollectFrame, ListFrame, OpenFrame, ReadFrame, Refusal, RunFrame};
use super::{Request, Rules, files_of, path, too_large};
use crate::job::{Collect, InWorkspace, JobFile, JobPath};
use crate::listing::MAX_NAME;
use std::time::Duration;

/// What is told of files where nobody says anything.
const FILES: usize = 16;
const BYTES: u64 = 51_200;
/// What `workspace.read` gives where nobody says anything.
const READ: u64 = 1 << 20;
/// Names in `collect.paths`.
const PATHS: usize = 256;

/// What is asked of a workspace.
#[derive(Debug)]
pub enum Ask {
    Open {
        name: Option<String>,
        files: Vec<JobFile>,
        ttl: Option<Duration>,
    },
    /// Of all where there is no name.
    List {
        name: Option<String>,
        folder: Option<JobPath>,
    },
    Read {
        name: String,
        path: JobPath,
        most: u64,
    },
    Close {
        name: String,
    },
}

pub(super) fn open(frame: OpenFrame, rules: &Rules) -> Result<Request, Refusal> {
    let OpenFrame { _kind: _, id, workspace, files, ttl_s } = frame;
    let bounds = &rules.workspaces;
    let files = files_of(None, files.unwrap_or_default(), bounds.bytes, bounds.entries)?;
    let ttl = ttl_s.map(Duration::from_secs);
    if let Some(given) = ttl_s.filter(|given| Duration::from_secs(*given) > bounds.most_ttl) {
        return Err(too_high("ttl_s", bounds.most_ttl.as_secs(), given));
    }
    if ttl_s == Some(0) {
        return Err(Refusal::of_field(Code::BadField, "ttl_s", "`ttl_s` must be above 0"));
    }
    Ok(Request::Workspace { id, ask: Ask::Open { name: workspace.map(name).transpose()?, files, ttl } })
}

pub(super) fn list(frame: ListFrame) -> Result<Request, Refusal> {
    let ListFrame { _kind: _, id, workspace, path: folder } = frame;
    let folder = folder.filter(|folder| !folder.is_empty()).map(|folder| path("path", folder.trim_end_matches('/'))).transpose()?;
    let name = workspace.map(name).transpose()?;
    if name.is_none() && folder.is_some() {
        return Err(Refusal::of_field(Code::MissingField, "workspace", "`workspace` is missing"));
    }
    Ok(Request::Workspace { id, ask: Ask::List { name, folder } })
}

pub(super) fn read(frame: ReadFrame, rules: &Rules) -> Result<Request, Refusal> {
    let ReadFrame { _kind: _, id, workspace, path: file, max_bytes } = frame;
    let limit = rules.workspaces.bytes;
    match max_bytes {
        Some(given) if given > limit => Err(too_large("max_bytes", limit, given)),
        _ => Ok(Request::Workspace {
            id,
            ask: Ask::Read { name: name(workspace)?, path: path("path", &file)?, most: max_bytes.unwrap_or(READ).min(limit) },
        }),
    }
}

pub(super) fn close(frame: CloseFrame) -> Result<Request, Refusal> {
    let CloseFrame { _kind: _, id, workspace } = frame;
    Ok(Request::Workspace { id, ask: Ask::Close { name: name(workspace)? } })
}

fn name(text: String) -> Result<String, Refusal> {
    if text.is_empty() || text.len() > MAX_NAME || text.contains('\0') {
        let message = format!("`workspace` must have 1 to {MAX_NAME} bytes, none of them NUL");
        return Err(Refusal::of_field(Code::BadField, "workspace", message));
    }
    Ok(text)
}

/// What a run takes of its frame.
pub(super) fn of_run(frame: &mut RunFrame<'_>) -> Result<Option<InWorkspace>, Refusal> {
    let (workspace, remove) = (frame.workspace.take(), frame.remove.take().unwrap_or_default());
    let Some(workspace) = workspace else {
        if remove.is_empty() {
            return Ok(None);
        }
        return Err(Refusal::of_field(Code::BadField, "remove", "`remove` needs a `workspace`"));
    };
    let named = |text: &String| path("remove", text);
    let remove = remove.iter().map(named).collect::<Result<Vec<JobPath>, _>>()?;
    Ok(Some(InWorkspace { name: name(workspace)?, remove }))
}

pub(super) fn collect(frame: CollectFrame, rules: &Rules) -> Result<Collect, Refusal> {
    let CollectFrame { paths, changes, max_files, max_bytes } = frame;
    let paths = paths.unwrap_or_default();
    if paths.len() > PATHS {
        return Err(too_much(Code::TooLarge, "collect.paths", PATHS as u64, paths.len() as u64));
    }
    let paths = paths.iter().map(|text| path("collect.paths", text.trim_end_matches('/'))).collect::<Result<Vec<_>, _>>()?;
    let (most_files, most_bytes) = (rules.job.collect_files, rules.job.collect_kb << 10);
    let (max_files, max_bytes) = (max_files.unwrap_or(FILES.min(most_files)), max_bytes.unwrap_or(BYTES.min(most_bytes)));
    if max_files > most_files {
        return Err(too_high("collect.max_files", most_files as u64, max_files as u64));
    }
    if max_bytes > most_bytes {
        return Err(too_high("collect.max_bytes", most_bytes, max_bytes));
    }
    Ok(Collect { paths, changes: changes.unwrap_or(false), max_files, max_bytes })
}

fn too_high(field: &str, limit: u64, given: u64) -> Refusal {
    too_much(Code::LimitTooHigh, field, limit, given)
}

fn too_much(code: Code, field: &str, limit: u64, given: u64) -> Refusal {
    Refusal::of_bound(code, field, (limit, given), format!("`{field}`: {given} is asked for, the most allowed is {limit}"))
}
