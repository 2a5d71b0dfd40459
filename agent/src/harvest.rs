//! What a program has left: after its end, all that is not as it was given, on its way to the server. Called by
//! `execution`; works in short turns within the window, so that a slow server waits for nothing but its own files and
//! is heard meanwhile. The facts are the program's, and stay as they are.

use crate::baseline::{Baseline, Change, about_of, size_of};
use crate::fault::words;
use crate::output::Window;
use crate::serve::Kit;
use crate::stream::{Stream, Unread};
use crate::walk::{Seen, Walk};
use crate::wire::Outbox;
use runnel_link::packed::Entry;
use runnel_link::{About, Bounds, End, ExecId, Facts, FromExecutor};
use rustix::io::Errno;
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
    stream: Stream,
    left: Left,
    is_cancelled: bool,
}

/// What there is to be told.
struct Tree {
    gone: std::vec::IntoIter<String>,
    /// None when all is told.
    walk: Option<Walk>,
}

/// What may still be sent. A file with holes is larger than the file system, and one with many names is sent as many.
struct Left {
    bytes: u64,
    count: u32,
    /// What was not sent.
    out: u64,
}

impl Harvesting {
    pub(crate) fn new(exec: ExecId, baseline: Baseline, bounds: &Bounds, window: Window, facts: Facts) -> Self {
        let left = Left { bytes: bounds.file_bytes, count: bounds.file_count, out: 0 };
        Self { exec, window, facts, baseline, tree: None, stream: Stream::default(), left, is_cancelled: false }
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
            while self.stream.len() < room {
                if looks == LOOKS {
                    return Ok(false);
                }
                looks += 1;
                if !self.read(room, scratch)? && !self.tell(scratch).map_err(words)? {
                    break;
                }
            }
            let sent = self.stream.send(room, |bytes| {
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
        self.stream.read(room, scratch).map_err(|fault| match fault {
            Unread::Shrunk => "one changed meanwhile".to_owned(),
            Unread::System(errno) => words(errno),
        })
    }

    /// Takes one look; false when there is nothing more to be told.
    fn tell(&mut self, scratch: &mut [u8]) -> Result<bool, Errno> {
        let Self { baseline, tree, stream, left, .. } = self;
        let Tree { gone, walk } = match tree {
            Some(tree) => tree,
            None => {
                let walk = Some(baseline.walk()?);
                tree.insert(Tree { gone: baseline.gone()?.into_iter(), walk })
            }
        };
        // First, so that what came in its place finds it free.
        if let Some(path) = gone.next() {
            stream.entry(Entry::Gone { path: &path });
            return Ok(true);
        }
        let Some(walking) = walk else { return Ok(false) };
        match walking.step(&baseline.wanted) {
            Some(seen) => tell_seen(baseline, walking, &seen, (stream, left), scratch)?,
            None => {
                *walk = None;
                if left.out > 0 {
                    stream.entry(Entry::More { left_out: left.out });
                }
            }
        }
        Ok(true)
    }
}

fn tell_seen(
    baseline: &Baseline,
    walk: &Walk,
    seen: &Seen,
    (stream, left): (&mut Stream, &mut Left),
    scratch: &mut [u8],
) -> Result<(), Errno> {
    let path = walk.path();
    match seen {
        Seen::File(stat) => {
            let Ok(file) = walk.open(stat) else {
                left.out += 1;
                return Ok(());
            };
            let (size, About { modified, executable }) = (size_of(stat), about_of(stat));
            match baseline.change(path, stat, &file, scratch)? {
                Change::Content if left.takes(size) => stream.file(Entry::File { path, executable, modified, size }, file, size),
                Change::Touched if left.takes(0) => stream.entry(Entry::Touched { path, executable, modified }),
                Change::Content | Change::Touched | Change::None => {}
            }
        }
        Seen::Link => match walk.target() {
            Ok(target) if baseline.has_link(path, &target) => {}
            Ok(target) if left.takes(0) => stream.entry(Entry::Link { path, target: &target }),
            Ok(_) => {}
            Err(_) => left.out += 1,
        },
        Seen::Folder { is_bare: true } if !baseline.has_folder(path) && left.takes(0) => stream.entry(Entry::Folder { path }),
        Seen::Folder { .. } | Seen::Nothing => {}
        Seen::Lost => left.out += 1,
    }
    Ok(())
}

impl Left {
    /// Whether an entry with so many bytes may be sent; else it is left out.
    fn takes(&mut self, bytes: u64) -> bool {
        match (self.count.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(count), Some(bytes)) => {
                (self.count, self.bytes) = (count, bytes);
                true
            }
            (None, _) | (_, None) => {
                self.out += 1;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
