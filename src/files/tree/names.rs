//! What adds, moves and removes names. Called by the host functions, one call for each of theirs.
//! Must never touch the root, and must check everything before the first change: a refused call leaves no trace.

use super::resolve::{Place, check_path, escapes};
use std::sync::Arc;
use std::time::Duration;

use super::{Body, Fault, Kind, Last, MAX_DEPTH, NodeId, ROOT, Seat, Tree};

/// What `open` is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::files) struct Open {
    pub(in crate::files) follow: bool,
    pub(in crate::files) create: bool,
    pub(in crate::files) exclusive: bool,
    pub(in crate::files) truncate: bool,
    pub(in crate::files) directory: bool,
    pub(in crate::files) write: bool,
}

impl Tree {
    /// Opens, or makes, what is at this path. The node is held as a descriptor: the caller has to release it.
    pub(in crate::files) fn open(&mut self, base: NodeId, path: &str, open: Open) -> Result<NodeId, Fault> {
        let Open { follow, create, exclusive, truncate, directory, write } = open;
        if directory && (create || exclusive || truncate) {
            return Err(Fault::Invalid);
        }
        self.check_seat(Seat::Descriptor)?;
        let exclusive = create && exclusive;
        // As in POSIX, a dangling link does not make an exclusive creation any less exclusive.
        let last = if follow && !exclusive { Last::Follow } else { Last::Stay };
        let place = self.resolve(base, path, last)?;
        let id = match place.node {
            Some(_) if exclusive => return Err(Fault::Exists),
            Some(id) => match self.kind(id) {
                Kind::Symlink => return Err(Fault::Loop),
                Kind::Directory if write || create || truncate => return Err(Fault::IsDirectory),
                Kind::File if directory => return Err(Fault::NotDirectory),
                Kind::File | Kind::Directory => id,
            },
            None if !create => return Err(Fault::NoEntry),
            None if place.slash => return Err(Fault::IsDirectory),
            None => self.add(place, Body::File(Arc::default()))?,
        };
        if truncate {
            self.set_size(id, 0)?;
        }
        self.hold(id, Seat::Descriptor)?;
        Ok(id)
    }

    pub(in crate::files) fn make_directory(&mut self, base: NodeId, path: &str) -> Result<NodeId, Fault> {
        let place = self.vacant(base, path)?;
        let parent = place.parent;
        self.add(place, Body::empty_directory(parent))
    }

    /// A new file whose content is another tree's too.
    pub(in crate::files) fn put_shared(
        &mut self,
        base: NodeId,
        name: &str,
        content: Arc<Vec<u8>>,
        modified: Duration,
    ) -> Result<(), Fault> {
        let place = self.vacant(base, name)?;
        let size = content.len() as u64;
        self.ledger.take(size)?;
        let added = self.add(place, Body::File(content));
        match added {
            Ok(id) => self.node_mut(id).times.modified = modified,
            Err(_) => self.ledger.give(size),
        }
        added.map(|_| ())
    }

    pub(in crate::files) fn make_symlink(&mut self, base: NodeId, path: &str, target: &str) -> Result<(), Fault> {
        check_path(target)?;
        let place = self.vacant(base, path)?;
        if place.slash {
            return Err(Fault::NoEntry);
        }
        if escapes(self.depth(place.parent), target) {
            return Err(Fault::NotPermitted);
        }
        // Targets are charged as bytes, else a limit on names alone would let 4 KiB through with each of them.
        self.ledger.take(target.len() as u64)?;
        let added = self.add(place, Body::Symlink(target.into()));
        if added.is_err() {
            self.ledger.give(target.len() as u64);
        }
        added.map(|_| ())
    }

    pub(in crate::files) fn link(&mut self, old: (NodeId, &str), last: Last, new: (NodeId, &str)) -> Result<(), Fault> {
        let id = self.find(old.0, old.1, last)?;
        if self.kind(id) == Kind::Directory {
            return Err(Fault::NotPermitted);
        }
        let place = self.vacant(new.0, new.1)?;
        if place.slash {
            return Err(Fault::NoEntry);
        }
        self.check_parent(place.parent)?;
        self.ledger.take_entry()?;
        self.enter(place.parent, place.name, id)?;
        self.node_mut(id).links += 1;
        self.mark_changed(id);
        Ok(())
    }

    pub(in crate::files) fn unlink(&mut self, base: NodeId, path: &str) -> Result<(), Fault> {
        let place = self.resolve(base, path, Last::Name)?;
        let id = place.node.ok_or(Fault::NoEntry)?;
        if self.kind(id) == Kind::Directory {
            return Err(Fault::IsDirectory);
        }
        self.check_parent(place.parent)?;
        self.leave(place.parent, &place.name)?;
        self.drop_link(id);
        Ok(())
    }

    pub(in crate::files) fn remove_directory(&mut self, base: NodeId, path: &str) -> Result<(), Fault> {
        let place = self.resolve(base, path, Last::Name)?;
        let id = place.node.ok_or(Fault::NoEntry)?;
        if place.name.is_empty() {
            return Err(Fault::Invalid);
        }
        let entries = self.entries(id)?;
        if place.parent == ROOT {
            return Err(Fault::ReadOnly);
        }
        if !entries.is_empty() {
            return Err(Fault::NotEmpty);
        }
        self.leave(place.parent, &place.name)?;
        self.drop_link(id);
        Ok(())
    }

    pub(in crate::files) fn rename(&mut self, old: (NodeId, &str), new: (NodeId, &str)) -> Result<(), Fault> {
        let from = self.resolve(old.0, old.1, Last::Name)?;
        let id = from.node.ok_or(Fault::NoEntry)?;
        let to = self.resolve(new.0, new.1, Last::Name)?;
        if from.name.is_empty() || to.name.is_empty() {
            return Err(Fault::Busy);
        }
        self.check_parent(from.parent)?;
        self.check_parent(to.parent)?;
        let is_directory = self.kind(id) == Kind::Directory;
        if to.slash && !is_directory {
            return Err(Fault::NotDirectory);
        }
        if is_directory {
            self.check_move(id, from.parent, to.parent)?;
        }
        match to.node {
            Some(other) if other == id => return Ok(()),
            Some(other) => self.check_replace(is_directory, other)?,
            None => {}
        }
        self.leave(from.parent, &from.name)?;
        if let Some(other) = to.node {
            self.leave(to.parent, &to.name)?;
            self.drop_link(other);
        }
        self.enter(to.parent, to.name, id)?;
        if let Body::Directory { parent, .. } = &mut self.node_mut(id).body {
            *parent = to.parent;
        }
        self.mark_changed(id);
        Ok(())
    }

    /// Makes a node and gives it its name.
    pub(super) fn add(&mut self, place: Place, body: Body) -> Result<NodeId, Fault> {
        self.check_parent(place.parent)?;
        self.ledger.take_entry()?;
        let id = self.place(body);
        self.enter(place.parent, place.name, id)?;
        Ok(id)
    }

    fn vacant(&self, base: NodeId, path: &str) -> Result<Place, Fault> {
        let place = self.resolve(base, path, Last::Name)?;
        match place.node {
            Some(_) => Err(Fault::Exists),
            None => Ok(place),
        }
    }

    /// Whether names in this directory may change.
    fn check_parent(&self, parent: NodeId) -> Result<(), Fault> {
        if parent == ROOT {
            return Err(Fault::ReadOnly);
        }
        // Removed while open: nothing could ever reach what is put there.
        if self.node(parent).links == 0 {
            return Err(Fault::NoEntry);
        }
        if self.depth(parent) >= MAX_DEPTH {
            return Err(Fault::NameTooLong);
        }
        Ok(())
    }

    fn check_move(&self, id: NodeId, from: NodeId, to: NodeId) -> Result<(), Fault> {
        if self.is_within(to, id) {
            return Err(Fault::Invalid);
        }
        let depth = self.depth(to);
        // Only a move downwards can become too deep: the others need not pay for looking through all that is moved.
        if depth > self.depth(from) && depth + 1 + self.height(id) > MAX_DEPTH {
            return Err(Fault::NameTooLong);
        }
        Ok(())
    }

    fn check_replace(&self, by_directory: bool, other: NodeId) -> Result<(), Fault> {
        match &self.node(other).body {
            Body::Directory { .. } if !by_directory => Err(Fault::IsDirectory),
            Body::Directory { entries, .. } if !entries.is_empty() => Err(Fault::NotEmpty),
            Body::File(_) | Body::Symlink(_) if by_directory => Err(Fault::NotDirectory),
            Body::Directory { .. } | Body::File(_) | Body::Symlink(_) => Ok(()),
        }
    }

    fn enter(&mut self, parent: NodeId, name: Box<str>, id: NodeId) -> Result<(), Fault> {
        self.entries_mut(parent)?.insert(name, id);
        self.mark_modified(parent);
        Ok(())
    }

    fn leave(&mut self, parent: NodeId, name: &str) -> Result<(), Fault> {
        self.entries_mut(parent)?.remove(name);
        self.mark_modified(parent);
        Ok(())
    }

    fn drop_link(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        node.links -= 1;
        // A node is charged as one entry; its further names are charged on top.
        if node.links > 0 {
            self.ledger.give_entry();
        }
        self.mark_changed(id);
        self.free_if_unused(id);
    }

    pub(super) fn mark_modified(&mut self, id: NodeId) {
        let now = self.now();
        self.is_changed = true;
        let times = &mut self.node_mut(id).times;
        times.modified = now;
        times.changed = now;
    }

    fn mark_changed(&mut self, id: NodeId) {
        let now = self.now();
        self.is_changed = true;
        self.node_mut(id).times.changed = now;
    }
}
