//! What a program has left: after its end, all that is not as it was given, on its way to the server. Called by
//! `execution`; works in short turns within the window, so that the server is heard meanwhile. Never changes what the
//! facts say of the program.

use crate::baseline::{Baseline, Change, about_of, size_of};
use crate::fault::words;
use crate::output::Window;
use crate::serve::Kit;
use crate::stream::{Stream, Unread};
use crate::walk::{Seen, Walk};
use crate::wire::Outbox;
use runnel_link::packed::Entry;
use runnel_link::{About, Bounds, End, ExecId, Facts, FromExecutor};
use rustix::fs::Stat;
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::Instant;

/// Names looked at, and pieces read, in one turn.
const LOOKS: u32 = 1000;

pub(crate) struct Harvesting {
    exec: ExecId,
    window: Window,
    facts: Facts,
    baseline: Baseline,
    /// None until its first turn.
    tree: Option<Tree>,
    load: Load,
    is_cancelled: bool,
}

/// What there is to be told.
struct Tree {
    gone: std::vec::IntoIter<String>,
    /// None when all is told.
    walk: Option<Walk>,
}

/// What is sent, within the bounds that the program's files had. They matter all the same: a file with holes is larger
/// than the file system, and one with many names is sent as many.
struct Load {
    stream: Stream,
    bytes_left: u64,
    count_left: u32,
    left_out: u64,
}

impl Harvesting {
    pub(crate) fn new(exec: ExecId, baseline: Baseline, bounds: &Bounds, window: Window, facts: Facts) -> Self {
        let load = Load { stream: Stream::default(), bytes_left: bounds.file_bytes, count_left: bounds.file_count, left_out: 0 };
        Self { exec, window, facts, baseline, tree: None, load, is_cancelled: false }
    }

    pub(crate) fn credit(&mut self, bytes: u32) {
        self.window.credit(bytes);
    }

    /// Nobody waits for the files any more.
    pub(crate) fn cancel(&mut self) {
        self.is_cancelled = true;
    }

    /// With room it goes on at once; without, it waits for the link.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.window.room().map(|_| Instant::now())
    }

    /// Sends what the window takes; the program's facts when all is sent.
    pub(crate) fn turn(&mut self, kit: &mut Kit) -> Option<Facts> {
        let is_over = self.is_cancelled
            || self.work(&mut kit.scratch, &mut kit.outbox).unwrap_or_else(|fault| {
                self.facts.end = End::Broken(format!("the program's files can't be read: {fault}"));
                true
            });
        is_over.then(|| self.facts.clone())
    }

    /// True when all is sent.
    fn work(&mut self, scratch: &mut [u8], outbox: &mut Outbox) -> Result<bool, String> {
        let _acting = self.baseline.owner.act().map_err(words)?;
        let mut looks = 0;
        while let Some(room) = self.window.room() {
            while self.load.stream.len() < room {
                if looks == LOOKS {
                    return Ok(false);
                }
                looks += 1;
                if !self.read(room, scratch)? && !self.tell(scratch).map_err(words)? {
                    break;
                }
            }
            let sent = self.load.stream.send(room, |bytes| {
                outbox.push(&FromExecutor::Left { exec: self.exec, bytes });
                self.window.spend(bytes.len());
            });
            if !sent {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&mut self, room: usize, scratch: &mut [u8]) -> Result<bool, String> {
        self.load.stream.read(room, scratch).map_err(|fault| match fault {
            Unread::Shrunk => "one changed meanwhile".to_owned(),
            Unread::System(errno) => words(errno),
        })
    }

    /// Takes one look; false when there is nothing more to be told.
    fn tell(&mut self, scratch: &mut [u8]) -> Result<bool, Errno> {
        let Self { baseline, tree, load, .. } = self;
        let Tree { gone, walk } = match tree {
            Some(tree) => tree,
            None => {
                let walk = Some(baseline.walk()?);
                tree.insert(Tree { gone: baseline.gone()?.into_iter(), walk })
            }
        };
        // First, so that what came in its place finds it free.
        if let Some(path) = gone.next() {
            load.stream.entry(Entry::Gone { path: &path });
            return Ok(true);
        }
        let Some(walking) = walk else { return Ok(false) };
        if !load.look(baseline, walking, scratch)? {
            *walk = None;
            if load.left_out > 0 {
                load.stream.entry(Entry::More { left_out: load.left_out });
            }
        }
        Ok(true)
    }
}

impl Load {
    /// Takes what is next, where it is to be told; false at the end.
    fn look(&mut self, baseline: &Baseline, walk: &mut Walk, scratch: &mut [u8]) -> Result<bool, Errno> {
        let Some(seen) = walk.step(&baseline.wanted) else { return Ok(false) };
        let path = walk.path();
        match seen {
            Seen::File(stat) => match walk.open(&stat) {
                Ok(file) => {
                    let change = baseline.change(path, &stat, &file, scratch)?;
                    self.file(path, &stat, file, change);
                }
                Err(_) => self.left_out += 1,
            },
            Seen::Link => match walk.target() {
                Ok(target) if baseline.has_link(path, &target) => {}
                Ok(target) => self.entry(Entry::Link { path, target: &target }),
                Err(_) => self.left_out += 1,
            },
            Seen::Folder { is_bare: true } if !baseline.has_folder(path) => self.entry(Entry::Folder { path }),
            Seen::Folder { .. } | Seen::Nothing => {}
            Seen::Lost => self.left_out += 1,
        }
        Ok(true)
    }

    fn file(&mut self, path: &str, stat: &Stat, file: OwnedFd, change: Change) {
        let (size, About { modified, executable }) = (size_of(stat), about_of(stat));
        match change {
            Change::None => {}
            Change::Touched => self.entry(Entry::Touched { path, executable, modified }),
            Change::Content => {
                if self.has_room(size) {
                    self.stream.file(Entry::File { path, executable, modified, size }, file, size);
                }
            }
        }
    }

    fn entry(&mut self, entry: Entry<'_>) {
        if self.has_room(0) {
            self.stream.entry(entry);
        }
    }

    /// Takes room for an entry with so many bytes; where there is none, it is left out.
    fn has_room(&mut self, bytes: u64) -> bool {
        let left = self.count_left.checked_sub(1).zip(self.bytes_left.checked_sub(bytes));
        match left {
            Some(left) => (self.count_left, self.bytes_left) = left,
            None => self.left_out += 1,
        }
        left.is_some()
    }
}

#[cfg(test)]
mod tests;
