//! What a program was given, for telling afterwards what it made of it. Called by `execution` before a start and by
//! `harvest` after the end; lives in between in the agent's memory, where no program can see it.
//!
//! A file's content is known by a digest with keys of this execution. Not by its times: on a tmpfs, what is written
//! through shared memory changes none of them, and elsewhere two changes within one tick of the clock have the same.

use crate::user::User;
use crate::walk::{Seen, Walk, kind_at};
use crate::wanted::{Reach, Wanted};
use runnel_link::About;
use rustix::fs::{FileType, Mode, Stat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::OwnedFd;
use std::time::Duration;

const EXECUTABLE: u32 = 0o111;
const FOLDER: Mode = Mode::from_raw_mode(0o755);

pub(crate) struct Baseline {
    root: OwnedFd,
    pub(crate) owner: User,
    pub(crate) wanted: Wanted,
    given: BTreeMap<String, Given>,
    keys: RandomState,
}

enum Given {
    File { size: u64, digest: u64, about: About },
    Link { target: String },
    Folder,
}

/// What a program made of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    /// All but its content.
    Touched,
    Content,
}

impl Baseline {
    pub(crate) fn new(root: OwnedFd, owner: User, wanted: Wanted) -> Self {
        Self { root, owner, wanted, given: BTreeMap::new(), keys: RandomState::new() }
    }

    /// A folder that was given as such: others are there for what is in them.
    pub(crate) fn folder(&mut self, path: &str) {
        if self.wanted.reach(path) == Reach::Wanted {
            self.given.insert(path.to_owned(), Given::Folder);
        }
    }

    /// Takes in all files and links that are there.
    pub(crate) fn take(&mut self, scratch: &mut [u8]) -> Result<(), Errno> {
        let _acting = self.owner.act()?;
        let mut walk = Walk::new(&self.root, &self.wanted)?;
        while let Some(seen) = walk.step(&self.wanted) {
            let given = match seen {
                Seen::File(stat) => {
                    let digest = self.digest(&walk.open(&stat)?, scratch)?;
                    Given::File { size: size_of(&stat), digest, about: about_of(&stat) }
                }
                Seen::Link => Given::Link { target: walk.target()? },
                Seen::Folder { .. } | Seen::Lost | Seen::Nothing => continue,
            };
            self.given.insert(walk.path().to_owned(), given);
        }
        Ok(())
    }

    /// The walk through what is there after the end.
    pub(crate) fn walk(&self) -> Result<Walk, Errno> {
        // The program may have shut its owner out.
        rustix::fs::fchmod(&self.root, FOLDER)?;
        Walk::new(&self.root, &self.wanted)
    }

    /// What is not there any more, or something else.
    pub(crate) fn gone(&self) -> Result<Vec<String>, Errno> {
        let mut gone = Vec::new();
        for (path, given) in &self.given {
            let kind = match given {
                Given::File { .. } => FileType::RegularFile,
                Given::Link { .. } => FileType::Symlink,
                Given::Folder => FileType::Directory,
            };
            if kind_at(&self.root, path)? != Some(kind) {
                gone.push(path.clone());
            }
        }
        Ok(gone)
    }

    pub(crate) fn change(&self, path: &str, stat: &Stat, file: &OwnedFd, scratch: &mut [u8]) -> Result<Change, Errno> {
        let Some(Given::File { size, digest, about }) = self.given.get(path) else { return Ok(Change::Content) };
        if *size != size_of(stat) || *digest != self.digest(file, scratch)? {
            return Ok(Change::Content);
        }
        Ok(if *about == about_of(stat) { Change::None } else { Change::Touched })
    }

    pub(crate) fn has_link(&self, path: &str, target: &str) -> bool {
        matches!(self.given.get(path), Some(Given::Link { target: given }) if given == target)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        matches!(self.given.get(path), Some(Given::Folder))
    }

    /// Leaves the file at its beginning.
    fn digest(&self, file: &OwnedFd, scratch: &mut [u8]) -> Result<u64, Errno> {
        let (mut hasher, mut offset) = (self.keys.build_hasher(), 0);
        loop {
            let length = rustix::io::pread(file, &mut *scratch, offset)?;
            if length == 0 {
                return Ok(hasher.finish());
            }
            hasher.write(&scratch[..length]);
            offset += length as u64;
        }
    }
}

pub(crate) fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

pub(crate) fn about_of(stat: &Stat) -> About {
    // Before the epoch there are no such times.
    let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
    let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    About { modified: Duration::new(seconds, nanos), executable: stat.st_mode & EXECUTABLE != 0 }
}
