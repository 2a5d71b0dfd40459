//! One run's turn in a workspace: takes in what its client sends, hands out the files to begin with, and keeps what the
//! program left. Called by the runner. Each step is on disk before the next one begins.

use super::index::{Dropped, Entry};
use super::store::Record;
use super::{Fault, Guard, Use, Workspaces, now};
use crate::job::{About, JobFile, JobPath, Place, Placing};
use crate::link::{LayerId, Layering, Session};
use crate::lock::lock;
use bytes::Bytes;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

pub struct Turn {
    all: std::sync::Arc<Workspaces>,
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
    pub(super) fn new(all: std::sync::Arc<Workspaces>, used: Use, inside: Guard) -> Self {
        Self { all, used, inside, base: None, keep: None }
    }

    /// Takes in what was sent, and says what the program begins with. `in_cell`: a cell may have it already. Blocks.
    pub fn begin(&mut self, sent: &[JobFile], removed: &[JobPath], in_cell: bool) -> Result<Begun, Fault> {
        let mut dropped = Dropped::default();
        let mut record = self.record()?.clone();
        for path in removed {
            if !record.index.remove(path, &mut dropped) {
                return Err(Fault::NoFile(path.as_str().to_owned()));
            }
        }
        let about = About { modified: now(), executable: false };
        let of = |file: &JobFile| file.about.unwrap_or(about);
        let contents: Vec<(u64, &JobFile)> =
            sent.iter().map(|file| (record.index.put_file(&file.path, file.content.len() as u64, of(file), &mut dropped), file)).collect();
        let gone = dropped.paths.clone();
        if !sent.is_empty() || !removed.is_empty() {
            self.write(record, contents.iter().map(|(blob, file)| (*blob, &file.content)).collect(), dropped)?;
        } else {
            self.all.store()?.touch(&self.used.workspace.id)?;
        }
        let keep = in_cell.then(|| self.all.keeping.name());
        self.keep = keep;
        self.base = self.all.keeping.take(&self.used.workspace.id);
        let bytes = self.record()?.index.bytes();
        if let (true, Some((cell, base))) = (in_cell, self.base.clone()) {
            let files = sent.iter().map(|file| JobFile { about: Some(of(file)), ..file.clone() }).collect();
            let layer = Layering { cell: Some(cell), base: Some((base, gone)), keep };
            return Ok(Begun { files, places: Vec::new(), layer: Some(layer), bytes });
        }
        let (files, places) = self.everything()?;
        Ok(Begun { files, places, layer: keep.map(|keep| Layering { cell: None, base: None, keep: Some(keep) }), bytes })
    }

    /// The same once more, for a run whose executor was lost with all that it had. Blocks.
    pub fn begin_again(&mut self) -> Result<Begun, Fault> {
        self.begin(&[], &[], self.keep.is_some())
    }

    fn everything(&mut self) -> Result<(Vec<JobFile>, Vec<Place>), Fault> {
        let id = self.used.workspace.id.clone();
        let all = self.all.clone();
        let (store, record) = (all.store()?, self.record()?);
        let (mut files, mut places) = (Vec::new(), Vec::new());
        for (path, entry) in record.index.entries() {
            let path = JobPath::parse(path).map_err(|_| Fault::NoFile(path.to_owned()))?;
            match entry {
                Entry::File { blob, about, .. } => {
                    files.push(JobFile { path, content: store.read_blob(&id, *blob)?.into(), about: Some(*about) });
                }
                Entry::Folder => places.push(Place { path, what: Placing::Folder }),
                Entry::Link(target) => places.push(Place { path, what: Placing::Link(target.clone()) }),
            }
        }
        Ok((files, places))
    }

    /// Whether there was a file, or a link, before the program.
    pub fn had(&self, path: &str) -> bool {
        let entry = self.inside.record.as_ref().and_then(|record| record.index.find(path));
        matches!(entry, Some(Entry::File { .. } | Entry::Link(_)))
    }

    /// Keeps what the program left. `cell` is where it ran. With a fault everything stays as it was before the program. Blocks.
    pub fn end(&mut self, left: &[(JobPath, Left)], cell: Option<Session>) -> Result<(), Fault> {
        let ended = self.take_in(left);
        if let (Some(cell), Some(layer), Some(record)) = (cell, self.keep.take(), &self.inside.record) {
            match ended {
                Ok(()) => self.all.keeping.keep(&self.used.workspace.id, (cell, layer), record.index.bytes(), record.index.len()),
                Err(_) => cell.forget(layer),
            }
        }
        ended
    }

    fn take_in(&mut self, left: &[(JobPath, Left)]) -> Result<(), Fault> {
        if left.is_empty() {
            return Ok(());
        }
        let (mut record, mut dropped, mut contents) = (self.record()?.clone(), Dropped::default(), Vec::new());
        for (path, left) in left {
            match left {
                Left::Gone => record.index.forget(path, &mut dropped),
                Left::File { content, about } => {
                    let about = About { executable: about.executable || record.index.is_executable(path), ..*about };
                    contents.push((record.index.put_file(path, content.len() as u64, about, &mut dropped), content));
                }
                Left::Touched { about } => record.index.touch(path.as_str(), *about),
                Left::Folder => record.index.put(path, Entry::Folder, &mut dropped),
                Left::Link { target } => record.index.put(path, Entry::Link(target.clone()), &mut dropped),
            }
        }
        self.write(record, contents, dropped)
    }

    /// The new contents, then the list.
    fn write(&mut self, record: Record, contents: Vec<(u64, &Bytes)>, dropped: Dropped) -> Result<(), Fault> {
        let (all, workspace) = (self.all.clone(), self.used.workspace.clone());
        all.check_size(&record)?;
        all.check_owner(&workspace, record.index.bytes())?;
        let store = all.store()?;
        let written = contents.iter().try_for_each(|(blob, content)| {
            // Of two contents for one path, the last one is in the list.
            store.write_blob(&workspace.id, *blob, content)
        });
        if let Err(fault) = written.and_then(|()| store.write(&workspace.id, &record, dropped.blobs)) {
            contents.iter().for_each(|(blob, _)| store.drop_blob(&workspace.id, *blob));
            return Err(fault.into());
        }
        workspace.bytes.store(record.index.bytes(), Ordering::Relaxed);
        *lock(&workspace.used) = SystemTime::now();
        self.inside.record = Some(record);
        Ok(())
    }

    fn record(&mut self) -> Result<&Record, Fault> {
        if self.inside.record.is_none() {
            self.inside.record = Some(self.all.store()?.read(&self.used.workspace.id)?);
        }
        self.inside.record.as_ref().ok_or_else(|| Fault::Unknown(self.used.workspace.name.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((cell, layer)) = self.base.take() {
            cell.forget(layer);
        }
    }
}
