//! What a guest holds of a tree: descriptors, listings, and the hold on a node that they and the streams share.
//! Made by the host functions, kept in the store's resource table; dropping one releases its node.
//! Must never be dropped while the tree is locked.

use std::sync::MutexGuard;

use super::Files;
use super::tree::{Fault, Kind, NodeId, Seat, Tree};

/// Keeps a node alive, named or not.
pub(super) struct Hold {
    files: Files,
    id: NodeId,
    seat: Seat,
}

impl Hold {
    pub(super) fn new(files: &Files, id: NodeId, seat: Seat) -> Result<Hold, Fault> {
        files.lock().hold(id, seat)?;
        Ok(Hold { files: files.clone(), id, seat })
    }

    /// For a node that `Tree::open` holds already.
    fn opened(files: &Files, id: NodeId) -> Hold {
        Hold { files: files.clone(), id, seat: Seat::Descriptor }
    }

    pub(super) fn id(&self) -> NodeId {
        self.id
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.files.lock()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.files.lock().release(self.id, self.seat);
    }
}

/// An open file or directory.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Descriptor {
    hold: Hold,
    kind: Kind,
    /// For files only: a directory can always be listed and, the root apart, changed. The usual libraries do not ask for
    /// the right to change a directory when they open one, and neither does wasmtime's own implementation.
    read: bool,
    write: bool,
}

impl Descriptor {
    pub(super) fn opened(files: &Files, id: NodeId, kind: Kind, read: bool, write: bool) -> Descriptor {
        Descriptor { hold: Hold::opened(files, id), kind, read, write }
    }

    pub(super) fn id(&self) -> NodeId {
        self.hold.id()
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn can_read(&self) -> bool {
        self.read
    }

    pub(super) fn can_write(&self) -> bool {
        self.write
    }

    pub(super) fn directory(&self) -> Result<NodeId, Fault> {
        if self.kind == Kind::Directory { Ok(self.id()) } else { Err(Fault::NotDirectory) }
    }

    pub(super) fn readable(&self) -> Result<NodeId, Fault> {
        match self.kind {
            Kind::Directory => Err(Fault::IsDirectory),
            Kind::File | Kind::Symlink if self.read => Ok(self.id()),
            Kind::File | Kind::Symlink => Err(Fault::BadDescriptor),
        }
    }

    pub(super) fn writable(&self) -> Result<NodeId, Fault> {
        if self.write { Ok(self.id()) } else { Err(Fault::BadDescriptor) }
    }
}

/// A walk through the entries of a directory: where it is, and not what is left.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Listing {
    hold: Hold,
    last: Option<String>,
}

impl Listing {
    pub(super) fn new(hold: Hold) -> Listing {
        Listing { hold, last: None }
    }

    pub(super) fn next(&mut self) -> Result<Option<(String, Kind)>, Fault> {
        let tree = self.hold.tree();
        let next = tree.entry_after(self.hold.id(), self.last.as_deref())?;
        let next = next.map(|(name, kind)| (name.to_owned(), kind));
        drop(tree);
        if let Some((name, _)) = &next {
            self.last = Some(name.clone());
        }
        Ok(next)
    }
}
