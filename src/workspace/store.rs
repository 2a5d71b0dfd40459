//! Workspaces on disk: for each a folder of its own with a made-up name, in it one file for each content and one that
//! lists them. Names of clients and programs never become names of the host, and links are text, so nothing that they
//! think of leads anywhere. What is new is written before the list, and the list is replaced at once: whoever is killed
//! in between leaves the state before. Called by `workspace`; blocks.

use super::index::{Entry, Index};
use crate::link;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const LIST: &str = "list";
const NEW_LIST: &str = "list.new";
const LOCK: &str = "lock";
/// The only version of the list.
const VERSION: u32 = 1;

/// Everything that is known of one workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) ttl: Duration,
    pub(super) index: Index,
}

impl Record {
    pub(super) fn new(owner: String, name: String, ttl: Duration) -> Self {
        Self { version: VERSION, owner, name, ttl, index: Index::default() }
    }
}

pub(super) struct Store {
    root: PathBuf,
    /// Held as long as this lives.
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    #[error("`{}` is in use by another server", .0.display())]
    InUse(PathBuf),
    #[error("`{}`: {fault}", path.display())]
    Io { path: PathBuf, fault: std::io::Error },
    #[error("`{}` can't be read", .0.display())]
    Malformed(PathBuf),
}

fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, StoreFault> {
    result.map_err(|fault| StoreFault::Io { path: path.to_owned(), fault })
}

impl Store {
    /// One process at a time; `waits` for its turn where somebody has it.
    pub(super) fn open(root: PathBuf, waits: bool) -> Result<Self, StoreFault> {
        at(&root, std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&root))?;
        let path = root.join(LOCK);
        let lock = at(&path, File::options().create(true).truncate(false).write(true).open(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if waits => at(&path, lock.lock())?,
            Err(TryLockError::WouldBlock) => return Err(StoreFault::InUse(root)),
            Err(TryLockError::Error(fault)) => return Err(StoreFault::Io { path, fault }),
        }
        Ok(Self { root, _lock: lock })
    }

    /// All of them, with the time of their last use. What can't be read is left behind by a crash, and removed.
    pub(super) fn all(&self) -> Result<Vec<(String, Record, SystemTime)>, StoreFault> {
        let mut all = Vec::new();
        for folder in at(&self.root, std::fs::read_dir(&self.root))? {
            let Ok(id) = at(&self.root, folder)?.file_name().into_string() else { continue };
            if id == LOCK {
                continue;
            }
            match self.read(&id).and_then(|record| Ok((record, self.used(&id)?))) {
                Ok((record, used)) => all.push((id, record, used)),
                Err(fault) => {
                    tracing::warn!("a workspace is given up: {fault}");
                    self.remove(&id)?;
                }
            }
        }
        Ok(all)
    }

    pub(super) fn create(&self, id: &str) -> Result<(), StoreFault> {
        let folder = self.root.join(id);
        at(&folder, std::fs::DirBuilder::new().mode(0o700).create(&folder))
    }

    pub(super) fn read(&self, id: &str) -> Result<Record, StoreFault> {
        let path = self.root.join(id).join(LIST);
        let bytes = at(&path, std::fs::read(&path))?;
        let record = bytes.get(4..).and_then(|body| link::decode::<Record>(body).ok()).filter(|record| record.version == VERSION);
        record.ok_or(StoreFault::Malformed(path))
    }

    /// Replaces the list; what it does not name any more goes.
    pub(super) fn write(&self, id: &str, record: &Record, dropped: Vec<u64>) -> Result<(), StoreFault> {
        let folder = self.root.join(id);
        let (path, new) = (folder.join(LIST), folder.join(NEW_LIST));
        let mut bytes = Vec::new();
        link::encode(record, &mut bytes);
        at(&new, std::fs::write(&new, bytes))?;
        at(&path, std::fs::rename(&new, &path))?;
        for blob in dropped {
            self.drop_blob(id, blob);
        }
        Ok(())
    }

    /// What is left over is swept up with the workspace.
    pub(super) fn drop_blob(&self, id: &str, blob: u64) {
        let _ = std::fs::remove_file(self.blob(id, blob));
    }

    fn used(&self, id: &str) -> Result<SystemTime, StoreFault> {
        let path = self.root.join(id).join(LIST);
        at(&path, std::fs::metadata(&path).and_then(|data| data.modified()))
    }

    /// It is used now.
    pub(super) fn touch(&self, id: &str) -> Result<(), StoreFault> {
        let path = self.root.join(id).join(LIST);
        at(&path, File::options().write(true).open(&path).and_then(|file| file.set_modified(SystemTime::now())))
    }

    pub(super) fn write_blob(&self, id: &str, blob: u64, content: &[u8]) -> Result<(), StoreFault> {
        let path = self.blob(id, blob);
        at(&path, File::create(&path).and_then(|mut file| file.write_all(content)))
    }

    pub(super) fn read_blob(&self, id: &str, blob: u64) -> Result<Vec<u8>, StoreFault> {
        let path = self.blob(id, blob);
        at(&path, std::fs::read(&path))
    }

    /// The first bytes of it.
    pub(super) fn read_start(&self, id: &str, blob: u64, most: u64) -> Result<Vec<u8>, StoreFault> {
        use std::io::Read;
        let path = self.blob(id, blob);
        let mut start = Vec::new();
        at(&path, File::open(&path).and_then(|file| file.take(most).read_to_end(&mut start)))?;
        Ok(start)
    }

    fn blob(&self, id: &str, blob: u64) -> PathBuf {
        self.root.join(id).join(blob.to_string())
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), StoreFault> {
        let folder = self.root.join(id);
        match std::fs::remove_dir_all(&folder) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(()),
            done => at(&folder, done),
        }
    }

    /// Blobs that a crash left and no list names.
    pub(super) fn sweep(&self, id: &str, index: &Index) -> Result<(), StoreFault> {
        let folder = self.root.join(id);
        let named: std::collections::HashSet<String> = index
            .entries()
            .filter_map(|(_, entry)| match entry {
                Entry::File { blob, .. } => Some(blob.to_string()),
                Entry::Folder | Entry::Link(_) => None,
            })
            .collect();
        for file in at(&folder, std::fs::read_dir(&folder))? {
            let file = at(&folder, file)?;
            let name = file.file_name();
            if name != LIST && name.to_str().is_none_or(|name| !named.contains(name)) {
                at(&folder, std::fs::remove_file(file.path()))?;
            }
        }
        Ok(())
    }
}
