//! The file tree of one sandbox as plain data: nodes, names, and what they cost. `resolve` finds a path, `names` changes
//! which names exist, `content` what is in a file. Called by the host functions and streams beside it, under one lock.
//! Must never know wasmtime, never grow without asking the ledger first, and never recurse deeper than `MAX_DEPTH`.

mod content;
#[cfg(test)]
mod model;
mod names;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(super) use self::content::MAX_TRANSFER;
pub(super) use self::names::Open;
pub(super) use self::resolve::{Last, check_path};
use super::layer::{Layer, Leaf};
use super::space::{Budget, FileLimits, Ledger};

/// A tree deeper than this is a program gone wrong; it also bounds the recursion of `walk`.
const MAX_DEPTH: usize = 64;
const MAX_DESCRIPTORS: u32 = 1024;
/// The usual libraries keep at most one input and one output stream for each descriptor.
const MAX_STREAMS: u32 = 4 * MAX_DESCRIPTORS;

/// Why an operation was refused: the part of POSIX's errors that a tree in memory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("wrong kind of descriptor")]
    BadDescriptor,
    #[error("busy")]
    Busy,
    #[error("file exists")]
    Exists,
    #[error("file too large")]
    FileTooLarge,
    #[error("invalid argument")]
    Invalid,
    #[error("is a directory")]
    IsDirectory,
    #[error("too many symbolic links")]
    Loop,
    #[error("name too long")]
    NameTooLong,
    #[error("no such file or directory")]
    NoEntry,
    #[error("no space left")]
    NoSpace,
    #[error("not a directory")]
    NotDirectory,
    #[error("directory not empty")]
    NotEmpty,
    #[error("not permitted")]
    NotPermitted,
    #[error("read-only")]
    ReadOnly,
    #[error("too many open files")]
    TooManyOpen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

pub(super) const ROOT: NodeId = NodeId(0);
pub(super) const BOX: NodeId = NodeId(1);
const TMP: NodeId = NodeId(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) kind: Kind,
    pub(super) links: u32,
    pub(super) size: u64,
    pub(super) times: Times,
}

/// Times since the epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) accessed: Duration,
    pub(super) modified: Duration,
    pub(super) changed: Duration,
}

/// What a guest may hold open; each sort has a limit of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seat {
    Descriptor,
    Stream,
}

struct Node {
    /// Never used again within a tree, unlike the slot.
    serial: u64,
    /// How many names it has. None, and it lives only as long as somebody holds it open.
    links: u32,
    holds: u32,
    times: Times,
    body: Body,
}

enum Body {
    /// Shared with layers, and copied by the first write after that.
    File(Arc<Vec<u8>>),
    Directory {
        parent: NodeId,
        entries: BTreeMap<Box<str>, NodeId>,
    },
    Symlink(Box<str>),
}

impl Body {
    fn kind(&self) -> Kind {
        match self {
            Body::File(_) => Kind::File,
            Body::Directory { .. } => Kind::Directory,
            Body::Symlink(_) => Kind::Symlink,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Body::File(data) => data.len() as u64,
            Body::Directory { .. } => 0,
            Body::Symlink(target) => target.len() as u64,
        }
    }

    fn empty_directory(parent: NodeId) -> Body {
        Body::Directory { parent, entries: BTreeMap::new() }
    }
}

pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Slots of `nodes` whose node is gone.
    free: Vec<NodeId>,
    next_serial: u64,
    descriptors: u32,
    streams: u32,
    ledger: Ledger,
    fixed_time: Option<Duration>,
    /// Something was written, named or timed since this was last set.
    is_changed: bool,
}

impl Tree {
    pub(super) fn new(limits: FileLimits, start: Option<SystemTime>, budget: Arc<Budget>) -> Tree {
        let mut tree = Tree {
            nodes: Vec::with_capacity(8),
            free: Vec::new(),
            next_serial: 1,
            descriptors: 0,
            streams: 0,
            ledger: Ledger::new(limits, budget),
            fixed_time: start.map(since_epoch),
            is_changed: false,
        };
        let entries = BTreeMap::from([("box".into(), BOX), ("tmp".into(), TMP)]);
        tree.place(Body::Directory { parent: ROOT, entries });
        tree.place(Body::empty_directory(ROOT));
        tree.place(Body::empty_directory(ROOT));
        tree
    }

    pub(super) fn used(&self) -> (u64, u32) {
        self.ledger.used()
    }

    pub(super) fn kind(&self, id: NodeId) -> Kind {
        self.node(id).body.kind()
    }

    /// Names the node for as long as the tree lives.
    pub(super) fn serial(&self, id: NodeId) -> u64 {
        self.node(id).serial
    }

    pub(super) fn stat(&self, id: NodeId) -> Stat {
        let Node { serial: _, links, holds: _, times, body } = self.node(id);
        Stat { kind: body.kind(), links: *links, size: body.size(), times: *times }
    }

    pub(super) fn set_times(&mut self, id: NodeId, accessed: Option<Duration>, modified: Option<Duration>) -> Result<(), Fault> {
        if id == ROOT {
            return Err(Fault::ReadOnly);
        }
        let now = self.now();
        self.is_changed = true;
        let times = &mut self.node_mut(id).times;
        times.accessed = accessed.unwrap_or(times.accessed);
        times.modified = modified.unwrap_or(times.modified);
        times.changed = now;
        Ok(())
    }

    /// Whether something has changed since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    pub(super) fn now(&self) -> Duration {
        self.fixed_time.unwrap_or_else(|| since_epoch(SystemTime::now()))
    }

    pub(super) fn target(&self, id: NodeId) -> Result<&str, Fault> {
        match &self.node(id).body {
            Body::Symlink(target) => Ok(target),
            Body::File(_) | Body::Directory { .. } => Err(Fault::Invalid),
        }
    }

    /// The entry that follows this name. Looked up anew each time, so a listing survives any change and copies nothing.
    pub(super) fn entry_after(&self, id: NodeId, name: Option<&str>) -> Result<Option<(&str, Kind)>, Fault> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        let entry = self.entries(id)?.range::<str, _>((from, Bound::Unbounded)).next();
        Ok(entry.map(|(name, id)| (&**name, self.kind(*id))))
    }

    /// Keeps the node alive, whatever happens to its names, until `release`.
    pub(super) fn hold(&mut self, id: NodeId, seat: Seat) -> Result<(), Fault> {
        self.check_seat(seat)?;
        *self.seats(seat) += 1;
        self.node_mut(id).holds += 1;
        Ok(())
    }

    pub(super) fn release(&mut self, id: NodeId, seat: Seat) {
        *self.seats(seat) -= 1;
        self.node_mut(id).holds -= 1;
        self.free_if_unused(id);
    }

    /// All files below a directory, by name; `path` is where the directory itself is, empty or ending in a slash.
    pub(super) fn walk(&self, id: NodeId, path: &mut String, visit: &mut impl FnMut(&str, &[u8])) {
        let Ok(entries) = self.entries(id) else { return };
        let length = path.len();
        for (name, child) in entries {
            path.push_str(name);
            match &self.node(*child).body {
                Body::File(data) => visit(path, data),
                Body::Directory { .. } => {
                    path.push('/');
                    self.walk(*child, path, visit);
                }
                Body::Symlink(_) => {}
            }
            path.truncate(length);
        }
    }

    /// The same for a layer: files, links, and folders with nothing in them.
    pub(super) fn leaves(&self, id: NodeId, path: &mut String, layer: &mut Layer) {
        let Ok(entries) = self.entries(id) else { return };
        let length = path.len();
        for (name, child) in entries {
            path.push_str(name);
            let node = self.node(*child);
            match &node.body {
                Body::File(content) => layer.push(path, Leaf::File { content: content.clone(), modified: node.times.modified }),
                Body::Symlink(target) => layer.push(path, Leaf::Link(target.clone())),
                Body::Directory { entries, .. } if entries.is_empty() => layer.push(path, Leaf::Folder),
                Body::Directory { .. } => {
                    path.push('/');
                    self.leaves(*child, path, layer);
                }
            }
            path.truncate(length);
        }
    }

    fn check_seat(&mut self, seat: Seat) -> Result<(), Fault> {
        let limit = match seat {
            Seat::Descriptor => MAX_DESCRIPTORS,
            Seat::Stream => MAX_STREAMS,
        };
        if *self.seats(seat) >= limit {
            return Err(Fault::TooManyOpen);
        }
        Ok(())
    }

    fn seats(&mut self, seat: Seat) -> &mut u32 {
        match seat {
            Seat::Descriptor => &mut self.descriptors,
            Seat::Stream => &mut self.streams,
        }
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    fn entries(&self, id: NodeId) -> Result<&BTreeMap<Box<str>, NodeId>, Fault> {
        match &self.node(id).body {
            Body::Directory { parent: _, entries } => Ok(entries),
            Body::File(_) | Body::Symlink(_) => Err(Fault::NotDirectory),
        }
    }

    fn entries_mut(&mut self, id: NodeId) -> Result<&mut BTreeMap<Box<str>, NodeId>, Fault> {
        match &mut self.node_mut(id).body {
            Body::Directory { parent: _, entries } => Ok(entries),
            Body::File(_) | Body::Symlink(_) => Err(Fault::NotDirectory),
        }
    }

    /// Puts a node into a slot; its one name, and what it costs, are the caller's business.
    fn place(&mut self, body: Body) -> NodeId {
        let now = self.now();
        let times = Times { accessed: now, modified: now, changed: now };
        let node = Node { serial: self.next_serial, links: 1, holds: 0, times, body };
        self.next_serial += 1;
        match self.free.pop() {
            Some(id) => {
                *self.node_mut(id) = node;
                id
            }
            None => {
                self.nodes.push(node);
                NodeId((self.nodes.len() - 1) as u32)
            }
        }
    }

    fn free_if_unused(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        if node.links > 0 || node.holds > 0 {
            return;
        }
        let body = std::mem::replace(&mut node.body, Body::File(Arc::default()));
        self.free.push(id);
        self.ledger.give(body.size());
        self.ledger.give_entry();
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
