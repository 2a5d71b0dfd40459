//! From a path to a node, or to the place where one could be made. Called at the start of every operation that takes a path.
//! Must never change the tree, nor leave it: a path that climbs above the root is refused, whoever wrote it.

use super::{Body, Fault, NodeId, ROOT, Tree};

const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;
const MAX_HOPS: usize = 32;

/// What to do with a symlink at the end of a path. In the middle they are always followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::files) enum Last {
    Follow,
    /// The link itself, unless a slash after it asks for the directory behind it.
    Stay,
    /// The link itself even then: for what adds and removes names.
    Name,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) parent: NodeId,
    /// Empty if the path ends in `.` or `..`: such a place can be looked at, not added, removed or renamed.
    pub(super) name: Box<str>,
    pub(super) node: Option<NodeId>,
    /// A slash at the end: only a directory will do.
    pub(super) slash: bool,
}

impl Tree {
    /// The node at a path that has to exist.
    pub(in crate::files) fn find(&self, base: NodeId, path: &str, last: Last) -> Result<NodeId, Fault> {
        self.resolve(base, path, last)?.node.ok_or(Fault::NoEntry)
    }

    pub(super) fn resolve(&self, base: NodeId, path: &str, last: Last) -> Result<Place, Fault> {
        check_path(path)?;
        let mut at = base;
        let mut rest = path;
        // What is still to be walked once the symlinks being walked are done. Allocates for symlinks only.
        let mut later: Vec<&str> = Vec::new();
        let mut hops = 0;
        let mut slash = false;
        loop {
            let entries = self.entries(at)?;
            let (name, tail) = first_name(rest);
            let is_last = tail.trim_start_matches('/').is_empty() && later.is_empty();
            slash |= is_last && !tail.is_empty();
            match name {
                "" | "." => {}
                ".." => at = self.parent(at)?,
                _ if name.len() > MAX_NAME => return Err(Fault::NameTooLong),
                _ => match entries.get(name) {
                    None if is_last => {
                        return Ok(Place { parent: at, name: name.into(), node: None, slash });
                    }
                    None => return Err(Fault::NoEntry),
                    Some(&child) => match &self.node(child).body {
                        Body::Symlink(target) if !is_last || follows(last, slash) => {
                            hops += 1;
                            if hops > MAX_HOPS {
                                return Err(Fault::Loop);
                            }
                            if !is_last {
                                later.push(tail);
                            }
                            rest = target;
                            continue;
                        }
                        Body::File(_) | Body::Symlink(_) if is_last && slash => return Err(Fault::NotDirectory),
                        Body::File(_) | Body::Symlink(_) | Body::Directory { .. } if is_last => {
                            return Ok(Place { parent: at, name: name.into(), node: Some(child), slash });
                        }
                        Body::File(_) | Body::Symlink(_) | Body::Directory { .. } => at = child,
                    },
                },
            }
            rest = tail.trim_start_matches('/');
            if rest.is_empty() {
                match later.pop() {
                    Some(next) => rest = next.trim_start_matches('/'),
                    None => {
                        return Ok(Place { parent: at, name: Box::default(), node: Some(at), slash });
                    }
                }
            }
        }
    }

    /// Steps from the root down to a directory that still has its name.
    pub(super) fn depth(&self, mut id: NodeId) -> usize {
        let mut depth = 0;
        while let Body::Directory { parent, .. } = &self.node(id).body
            && id != ROOT
        {
            depth += 1;
            id = *parent;
        }
        depth
    }

    pub(super) fn is_within(&self, mut id: NodeId, ancestor: NodeId) -> bool {
        loop {
            if id == ancestor {
                return true;
            }
            match &self.node(id).body {
                Body::Directory { parent, .. } if id != ROOT => id = *parent,
                Body::Directory { .. } | Body::File(_) | Body::Symlink(_) => return false,
            }
        }
    }

    /// How many levels there are below this node.
    pub(super) fn height(&self, id: NodeId) -> usize {
        let Ok(entries) = self.entries(id) else { return 0 };
        entries.values().map(|child| 1 + self.height(*child)).max().unwrap_or(0)
    }

    fn parent(&self, id: NodeId) -> Result<NodeId, Fault> {
        let node = self.node(id);
        match &node.body {
            _ if id == ROOT => Err(Fault::NotPermitted),
            // A directory that was removed while open: its parent may be gone as well.
            _ if node.links == 0 => Err(Fault::NoEntry),
            Body::Directory { parent, .. } => Ok(*parent),
            Body::File(_) | Body::Symlink(_) => Err(Fault::NotDirectory),
        }
    }
}

/// Whether a symlink in a directory at this depth would lead above the root, read as text alone. Links it passes on its way
/// may change that, therefore `resolve` checks again.
pub(super) fn escapes(depth: usize, target: &str) -> bool {
    let mut depth = depth;
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

pub(in crate::files) fn check_path(path: &str) -> Result<(), Fault> {
    match path {
        "" => Err(Fault::NoEntry),
        _ if path.len() > MAX_PATH => Err(Fault::NameTooLong),
        _ if path.starts_with('/') => Err(Fault::NotPermitted),
        _ if path.contains('\0') => Err(Fault::Invalid),
        _ => Ok(()),
    }
}

fn first_name(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

fn follows(last: Last, slash: bool) -> bool {
    match last {
        Last::Follow => true,
        Last::Stay => slash,
        Last::Name => false,
    }
}
