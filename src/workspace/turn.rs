//! One run's turn in a workspace: takes in what its client sends, hands out the files to begin with, and keeps what the
//! program left. Called by the runner. Each step is on disk before the next one begins.

use super::journal::{Draft, State};
use super::store::Whole;
use super::{Fault, Guard, Use, Workspaces, now};
use crate::job::{About, JobFile, JobPath, Place};
use crate::link::{LayerId, Layering, Session};
use crate::lock::lock;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

/// Less than this is written at once; more of it is kept off the other runs' threads.
const SMALL: usize = 256 << 10;

pub struct Turn {
    all: Arc<Workspaces>,
    used: Use,
    inside: Guard,
    /// What its cell has for it, and nobody after it will use: the program changes what it begins with.
    base: Option<(Session, LayerId)>,
    /// What the program's cell keeps its files as.
    keep: Option<LayerId>,
}

/// How the files come to the program.
pub struct Begun {
    pub files: Vec<JobFile>,
    pub places: Vec<Place>,
    /// A cell has or keeps them.
    pub layer: Option<Layering>,
    /// Of everything that is there.
    pub bytes: u64,
}

/// How a program left one path.
#[derive(Debug)]
pub enum Left {
    Gone,
    File { content: Bytes, about: About },
    Touched { about: About },
    Folder,
    Link { target: String },
}

impl Turn {
    pub(super) fn new(all: Arc<Workspaces>, used: Use, inside: Guard) -> Self {
        Self { all, used, inside, base: None, keep: None }
    }

    /// Takes in what was sent, and says what the program begins with. `in_cell`: a cell may have it already.
    pub fn begin(&mut self, sent: &[JobFile], removed: &[JobPath], in_cell: bool) -> Result<Begun, Fault> {
        let mut draft = Draft::of(self.state()?);
        if let Some(path) = removed.iter().find(|path| !draft.remove(path)) {
            return Err(Fault::NoFile(path.as_str().to_owned()));
        }
        let usual = About { modified: now(), executable: false };
        let sent: Vec<JobFile> = sent.iter().map(|file| JobFile { about: Some(file.about.unwrap_or(usual)), ..file.clone() }).collect();
        sent.iter().for_each(|file| draft.file(&file.path, &file.content, file.about.unwrap_or(usual)));
        let gone = std::mem::take(&mut draft.gone);
        self.write(draft)?;
        self.keep = in_cell.then(|| self.all.keeping.name());
        self.base = self.all.keeping.take(&self.used.workspace.id);
        let bytes = self.state()?.index.bytes();
        let keep = self.keep;
        if let (true, Some((cell, base))) = (in_cell, self.base.clone()) {
            let layer = Layering { cell: Some(cell), base: Some((base, gone)), keep };
            return Ok(Begun { files: sent, places: Vec::new(), layer: Some(layer), bytes });
        }
        let (files, places) = self.everything()?;
        Ok(Begun { files, places, layer: keep.map(|keep| Layering { cell: None, base: None, keep: Some(keep) }), bytes })
    }

    /// The same once more, for a run whose executor was lost with all that it had.
    pub fn begin_again(&mut self) -> Result<Begun, Fault> {
        self.begin(&[], &[], self.keep.is_some())
    }

    fn everything(&mut self) -> Result<(Vec<JobFile>, Vec<Place>), Fault> {
        let (all, id) = (self.all.clone(), self.used.workspace.id.clone());
        let (mut files, mut places) = (Vec::new(), Vec::new());
        let (store, state) = (all.store()?, self.state()?);
        for (path, whole) in tokio::task::block_in_place(|| store.everything(&id, state))? {
            match whole {
                Whole::File(content, about) => files.push(JobFile { path, content, about: Some(about) }),
                Whole::Place(what) => places.push(Place { path, what }),
            }
        }
        Ok((files, places))
    }

    /// Whether there was a file, or a link, before the program.
    pub fn had(&self, path: &str) -> bool {
        self.inside.state.as_ref().is_some_and(|state| state.index.has_leaf(path))
    }

    /// Keeps what the program left. `cell` is where it ran. With a fault everything stays as it was before the program.
    pub fn end(&mut self, left: &[(JobPath, Left)], cell: Option<Session>) -> Result<(), Fault> {
        let ended = self.take_in(left);
        if let (Some(cell), Some(layer), Some(state)) = (cell, self.keep.take(), &self.inside.state) {
            match ended {
                Ok(()) => self.all.keeping.keep(&self.used.workspace.id, (cell, layer), state.index.bytes(), state.index.len()),
                Err(_) => cell.forget(layer),
            }
        }
        ended
    }

    fn take_in(&mut self, left: &[(JobPath, Left)]) -> Result<(), Fault> {
        if left.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::of(self.state()?);
        for (path, left) in left {
            match left {
                Left::Gone => draft.forget(path),
                Left::File { content, about } => {
                    let about = About { executable: about.executable || draft.state.index.is_executable(path), ..*about };
                    draft.file(path, content, about);
                }
                Left::Touched { about } => draft.touch(path, *about),
                Left::Folder => draft.folder(path),
                Left::Link { target } => draft.link(path, target),
            }
        }
        self.write(draft)
    }

    fn write(&mut self, draft: Draft) -> Result<(), Fault> {
        let (all, workspace) = (self.all.clone(), self.used.workspace.clone());
        let store = all.store()?;
        *lock(&workspace.used) = SystemTime::now();
        if draft.is_empty() {
            return Ok(store.touch(&workspace.id)?);
        }
        all.check_size(&draft.state)?;
        all.check_owner(&workspace, draft.len() as u64)?;
        let is_small = draft.len() < SMALL;
        let append = || store.append(&workspace.id, draft);
        let state = if is_small { append() } else { tokio::task::block_in_place(append) }?;
        workspace.bytes.store(state.length, Ordering::Relaxed);
        self.inside.state = Some(state);
        Ok(())
    }

    fn state(&mut self) -> Result<&State, Fault> {
        if self.inside.state.is_none() {
            let (all, id) = (self.all.clone(), self.used.workspace.id.clone());
            self.inside.state = Some(tokio::task::block_in_place(|| Ok::<_, Fault>(all.store()?.state(&id)?))?);
        }
        self.inside.state.as_ref().ok_or_else(|| Fault::Unknown(self.used.workspace.name.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((cell, layer)) = self.base.take() {
            cell.forget(layer);
        }
    }
}
