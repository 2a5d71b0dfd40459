//! Looks at everything below a folder, one name at a time, whatever a program made of it: any names, modes, depth and
//! number, in a few kilobytes for each folder it is in. Follows no link and opens nothing but folders and regular files.
//! Called by `baseline` and `harvest`, acting as the folder's owner, when no process of any program lives.

use crate::beneath::open_folder;
use crate::wanted::{Reach, Wanted};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Parts of a path, so that descriptors are bounded.
const DEPTH: usize = 32;
/// Bytes of a path.
const LENGTH: usize = 1024;

/// What the owner needs to look into a folder, and into a file.
const ENTER: u32 = 0o500;
const READ: u32 = 0o400;

pub(crate) struct Walk {
    /// The folders that it is in, each in the one before.
    levels: Vec<Level>,
    /// Of what was seen last.
    path: String,
}

struct Level {
    listing: Dir,
    /// Of the folder's own path.
    length: usize,
    reach: Reach,
    /// Nothing was seen in it yet that has a place in a tree of files.
    is_bare: bool,
}

/// What one step has found.
pub(crate) enum Seen {
    File(Stat),
    Link,
    /// After all that is in it.
    Folder {
        is_bare: bool,
    },
    /// It has no place in a tree of files, or can't be reached.
    Lost,
    /// Nothing that is wanted.
    Nothing,
}

impl Walk {
    pub(crate) fn new(root: &OwnedFd, wanted: &Wanted) -> Result<Self, Errno> {
        let top = Level { listing: Dir::read_from(root)?, length: 0, reach: wanted.reach(""), is_bare: true };
        Ok(Self { levels: vec![top], path: String::new() })
    }

    /// Of what was seen last.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Looks at the next name; None at the end.
    pub(crate) fn step(&mut self, wanted: &Wanted) -> Option<Seen> {
        let level = self.levels.last_mut()?;
        self.path.truncate(level.length);
        let lost = if level.reach == Reach::Wanted { Seen::Lost } else { Seen::Nothing };
        let entry = match level.listing.read() {
            Some(Ok(entry)) => entry,
            // The listing ends with this.
            Some(Err(_)) => return Some(lost),
            None => return self.leave(),
        };
        let name = entry.file_name();
        if name == c"." || name == c".." {
            return Some(Seen::Nothing);
        }
        let Ok(name) = name.to_str() else { return Some(lost) };
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(name);
        let reach = wanted.reach(&self.path);
        match reach {
            Reach::Unwanted => Some(Seen::Nothing),
            Reach::Wanted | Reach::Towards if self.path.len() > LENGTH || self.levels.len() > DEPTH => Some(lost),
            Reach::Wanted | Reach::Towards => Some(self.visit(reach).unwrap_or(Seen::Lost)),
        }
    }

    fn leave(&mut self) -> Option<Seen> {
        let Level { reach, is_bare, .. } = self.levels.pop()?;
        // The top is nobody's entry.
        self.levels.last()?;
        Some(if reach == Reach::Wanted { Seen::Folder { is_bare } } else { Seen::Nothing })
    }

    fn visit(&mut self, reach: Reach) -> Result<Seen, Errno> {
        let (parent, name) = self.place()?;
        let stat = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let entered = if kind.is_dir() { Some(Dir::new(enter(parent, name, stat.st_mode)?)?) } else { None };
        if (kind.is_file() || kind.is_symlink() || kind.is_dir())
            && let Some(level) = self.levels.last_mut()
        {
            level.is_bare = false;
        }
        if let Some(listing) = entered {
            self.levels.push(Level { listing, length: self.path.len(), reach, is_bare: true });
            return Ok(Seen::Nothing);
        }
        Ok(match reach {
            Reach::Towards | Reach::Unwanted => Seen::Nothing,
            Reach::Wanted if kind.is_file() => Seen::File(stat),
            Reach::Wanted if kind.is_symlink() => Seen::Link,
            Reach::Wanted => Seen::Lost,
        })
    }

    /// The folder and the name of what was seen last.
    fn place(&self) -> Result<(BorrowedFd<'_>, &str), Errno> {
        let level = self.levels.last().ok_or(Errno::NOENT)?;
        let name = self.path.rsplit('/').next().ok_or(Errno::NOENT)?;
        Ok((level.listing.fd()?, name))
    }

    /// Opens the file that was seen last, also one that its owner may not read.
    pub(crate) fn open(&self, stat: &Stat) -> Result<OwnedFd, Errno> {
        let (parent, name) = self.place()?;
        unlock(parent, name, stat.st_mode, READ)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(parent, name, flags, Mode::empty())
    }

    /// Where the link leads that was seen last.
    pub(crate) fn target(&self) -> Result<String, Errno> {
        let (parent, name) = self.place()?;
        rustix::fs::readlinkat(parent, name, Vec::new())?.into_string().map_err(|_| Errno::ILSEQ)
    }
}

/// What is at a path; None where there is nothing, or a way through something else than folders.
pub(crate) fn kind_at(root: &OwnedFd, path: &str) -> Result<Option<FileType>, Errno> {
    let mut folder = rustix::io::fcntl_dupfd_cloexec(root, 3)?;
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        let mode = match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat.st_mode,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let kind = FileType::from_raw_mode(mode);
        match names.peek() {
            None => return Ok(Some(kind)),
            Some(_) if !kind.is_dir() => return Ok(None),
            Some(_) => folder = enter(folder.as_fd(), name, mode)?,
        }
    }
    Ok(None)
}

fn enter(parent: BorrowedFd<'_>, name: &str, mode: u32) -> Result<OwnedFd, Errno> {
    unlock(parent, name, mode, ENTER)?;
    open_folder(parent, name)
}

/// Other bits stay: by another of its names the file is still to be seen as it was. Safe by name: nobody lives who
/// could put a link in its place.
fn unlock(parent: BorrowedFd<'_>, name: &str, mode: u32, needed: u32) -> Result<(), Errno> {
    if mode & needed == needed {
        return Ok(());
    }
    rustix::fs::chmodat(parent, name, Mode::from_raw_mode(mode | needed), AtFlags::empty())
}
