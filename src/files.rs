//! The file tree of one sandbox, kept in memory, and its offer to a guest as `wasi:filesystem` 0.2.
//! Called by whoever starts a run: it puts the run's files in, lends the tree to the guest, and walks it afterwards.
//! Must never touch the host's own files, block, or hold more than its limits and the process's budget allow.

mod bindings;
mod handle;
mod host;
mod layer;
mod space;
mod streams;
#[cfg(test)]
mod tests;
mod tree;

use crate::lock::lock;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use wasmtime::component::{HasData, Linker, ResourceTable};

pub use self::layer::{Change, Layer};
pub use self::space::{Budget, FileLimits};
use self::tree::{BOX, Fault, Kind, Last, NodeId, Open, ROOT, Seat, Tree, check_path};

/// One sandbox's file tree. A cheap handle: clones are the same tree.
#[derive(Clone)]
pub struct Files {
    // A lock, although one guest works in one thread: streams live in the resource table, apart from this handle, and must be `Send`.
    tree: Arc<Mutex<Tree>>,
}

/// Why a file of the run could not be put into the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    #[error("the files of the run do not fit into its file limits")]
    NoSpace,
    #[error("a part of the path is a file and not a directory")]
    NotADirectory,
    #[error("the link leads out of the tree")]
    Outside,
    #[error("the path is not one of a file below `/box`")]
    BadPath,
}

/// What the host functions need of a store.
pub struct FilesCtx<'a> {
    pub files: &'a Files,
    pub table: &'a mut ResourceTable,
}

pub trait FilesView {
    fn files(&mut self) -> FilesCtx<'_>;
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesCtx<'a>;
}

/// Puts `wasi:filesystem` into a linker. If something else of that name is there already, the linker must allow shadowing.
pub fn add_to_linker<T: FilesView + Send + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    bindings::wasi::filesystem::types::add_to_linker::<T, HasFiles>(linker, T::files)?;
    bindings::wasi::filesystem::preopens::add_to_linker::<T, HasFiles>(linker, T::files)
}

impl Files {
    /// A tree with `/`, `/box` and `/tmp`; the root itself is read-only. `start` is what the clock of the tree says, always;
    /// without it, it is the host's clock.
    pub fn new(limits: FileLimits, start: Option<SystemTime>, budget: Arc<Budget>) -> Files {
        Files { tree: Arc::new(Mutex::new(Tree::new(limits, start, budget))) }
    }

    /// Puts one of the run's own files at `/box/<path>`, making directories on the way. It replaces what an earlier call put
    /// there, or with `append` continues it. After an error a part of it may be there: such a run is not to be started.
    /// `modified` is the time that it is given, else now.
    pub fn put(&self, path: &str, bytes: &[u8], append: bool, modified: Option<Duration>) -> Result<(), PutError> {
        let mut tree = self.lock();
        let (at, name) = enter(&mut tree, path)?;
        let open = Open { create: true, truncate: !append, write: true, ..Open::default() };
        let id = tree.open(at, name, open)?;
        let end = tree.size(id);
        let written = tree.write(id, end, bytes);
        if modified.is_some() {
            tree.set_times(id, None, modified)?;
        }
        tree.release(id, Seat::Descriptor);
        if written? < bytes.len() { Err(PutError::NoSpace) } else { Ok(()) }
    }

    /// The content of the file at an absolute path, if there is one.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let tree = self.lock();
        let id = tree.find(ROOT, path.strip_prefix('/')?, Last::Follow).ok()?;
        tree.data(id).map(<[u8]>::to_vec)
    }

    /// Visits all regular files below `/box`, with their path relative to it, each directory's entries sorted by name.
    /// The tree is locked meanwhile: `visit` must not use it.
    pub fn walk(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.lock().walk(BOX, &mut String::new(), &mut visit);
    }

    /// Bytes and entries in use, including those of files that have no name any more but are still open.
    pub fn used(&self) -> (u64, u32) {
        self.lock().used()
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        // A panic under the lock ends its own run; whoever still reads the tree finds it whole enough.
        lock(&self.tree)
    }
}

/// The directory of a path, made where it is not there, and the last name.
fn enter<'a>(tree: &mut Tree, path: &'a str) -> Result<(NodeId, &'a str), PutError> {
    check_path(path)?;
    if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return Err(PutError::BadPath);
    }
    let (mut at, mut name) = (BOX, path);
    while let Some((directory, rest)) = name.split_once('/') {
        at = enter_directory(tree, at, directory)?;
        name = rest;
    }
    Ok((at, name))
}

fn enter_directory(tree: &mut Tree, at: NodeId, name: &str) -> Result<NodeId, PutError> {
    match tree.find(at, name, Last::Name) {
        Ok(id) if tree.kind(id) == Kind::Directory => Ok(id),
        Ok(_) => Err(PutError::NotADirectory),
        Err(Fault::NoEntry) => Ok(tree.make_directory(at, name)?),
        Err(fault) => Err(fault.into()),
    }
}

impl From<Fault> for PutError {
    fn from(fault: Fault) -> PutError {
        match fault {
            Fault::NoSpace => PutError::NoSpace,
            Fault::NotDirectory => PutError::NotADirectory,
            Fault::NotPermitted => PutError::Outside,
            Fault::BadDescriptor
            | Fault::Busy
            | Fault::Exists
            | Fault::FileTooLarge
            | Fault::Invalid
            | Fault::IsDirectory
            | Fault::Loop
            | Fault::NameTooLong
            | Fault::NoEntry
            | Fault::NotEmpty
            | Fault::ReadOnly
            | Fault::TooManyOpen => PutError::BadPath,
        }
    }
}
