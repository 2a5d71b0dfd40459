//! Files below a folder, by paths that the server sends. Each step of a path is opened by itself and is never a
//! link, so that nothing which a program left behind leads out of the folder: what `openat2` would do, on every
//! kernel. Called for a program's files and for products; removes nothing.

use crate::user::User;
use runnel_link::{About, Placed};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

const FOLDER: Mode = Mode::from_raw_mode(0o755);
const PLAIN: Mode = Mode::from_raw_mode(0o644);
const PROGRAM: Mode = Mode::from_raw_mode(0o755);
const OPEN_FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder that is never followed out of; given a handle, not a path.
pub(crate) fn open_folder(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, OPEN_FOLDER | OFlags::RDONLY, Mode::empty())
}

/// Opens a regular file for reading. Anything else is not opened: a pipe would make the agent wait.
pub(crate) fn open_file(root: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    let (parents, name) = split(path)?;
    let parent = walk(root, &parents, false)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode);
    if !kind.is_file() {
        return Err(Errno::INVAL);
    }
    rustix::fs::openat(&parent, name, flags, Mode::empty())
}

/// Writes files that come in pieces, one after the other.
pub(crate) struct Writer {
    root: OwnedFd,
    owner: User,
    current: Option<Begun>,
}

/// A file that is not whole yet.
struct Begun {
    path: String,
    file: OwnedFd,
    modified: Option<Duration>,
}

impl Writer {
    pub(crate) fn new(root: OwnedFd, owner: User) -> Self {
        Self { root, owner, current: None }
    }

    /// The next piece: of the file that the piece before was of, or of a new one, which its first piece tells about.
    pub(crate) fn put(&mut self, path: &str, about: Option<About>, bytes: &[u8]) -> Result<(), Errno> {
        if self.current.as_ref().is_none_or(|current| current.path != path) {
            self.begin(path, about.is_some_and(|about| about.executable))?;
            if let (Some(current), Some(about)) = (&mut self.current, about) {
                current.modified = Some(about.modified);
            }
        }
        self.append(bytes)
    }

    /// Makes a folder, which may be there, or a link, which must not.
    pub(crate) fn place(&mut self, path: &str, what: Placed<'_>) -> Result<(), Errno> {
        self.finish()?;
        let (mut parents, name) = split(path)?;
        let _acting = self.owner.act()?;
        match what {
            Placed::Folder => {
                parents.push(name);
                walk(&self.root, &parents, true).map(drop)
            }
            // Where it points is the program's affair: the agent itself follows no link.
            Placed::Link { target } => rustix::fs::symlinkat(target, walk(&self.root, &parents, true)?, name),
        }
    }

    /// The file that was begun last is whole. Its time is set only now: each write would have set another.
    pub(crate) fn finish(&mut self) -> Result<(), Errno> {
        let Some(Begun { file, modified: Some(modified), .. }) = self.current.take() else { return Ok(()) };
        let seconds = i64::try_from(modified.as_secs()).unwrap_or(i64::MAX);
        let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let last_modification = Timespec { tv_sec: seconds, tv_nsec: modified.subsec_nanos().into() };
        let _acting = self.owner.act()?;
        rustix::fs::futimens(file, &Timestamps { last_access, last_modification })
    }

    /// Begins a file that must not be there yet.
    pub(crate) fn begin(&mut self, path: &str, executable: bool) -> Result<(), Errno> {
        self.finish()?;
        let (parents, name) = split(path)?;
        let _acting = self.owner.act()?;
        let parent = walk(&self.root, &parents, true)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&parent, name, flags, if executable { PROGRAM } else { PLAIN })?;
        self.current = Some(Begun { path: path.to_owned(), file, modified: None });
        Ok(())
    }

    /// More of the file that was begun last.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        let Some(Begun { file, .. }) = &self.current else { return Err(Errno::BADF) };
        while !bytes.is_empty() {
            let written = rustix::io::write(file, bytes)?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

/// The folders of a path, and its last name.
fn split(path: &str) -> Result<(Vec<&str>, &str), Errno> {
    let mut names: Vec<&str> = path.split('/').collect();
    if names.iter().any(|name| matches!(*name, "" | "." | "..")) {
        return Err(Errno::INVAL);
    }
    let last = names.pop().ok_or(Errno::INVAL)?;
    Ok((names, last))
}

fn walk(root: impl AsFd, names: &[&str], make: bool) -> Result<OwnedFd, Errno> {
    let open = |parent: &OwnedFd, name: &str| rustix::fs::openat(parent, name, OPEN_FOLDER | OFlags::PATH, Mode::empty());
    let mut folder = rustix::io::fcntl_dupfd_cloexec(root, 3)?;
    for name in names {
        folder = match open(&folder, name) {
            Err(Errno::NOENT) if make => {
                rustix::fs::mkdirat(&folder, *name, FOLDER)?;
                open(&folder, name)?
            }
            opened => opened?,
        };
    }
    Ok(folder)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rustix::process::getuid;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    /// A folder of one test, gone with it.
    pub(crate) struct Scratch(pub(crate) PathBuf);

    impl Scratch {
        pub(crate) fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("runnel-agent-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        pub(crate) fn open(&self) -> OwnedFd {
            std::fs::File::open(&self.0).unwrap().into()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn writer(scratch: &Scratch) -> Writer {
        Writer::new(scratch.open(), User(getuid().as_raw()))
    }

    fn read(folder: &Path, path: &str) -> String {
        std::fs::read_to_string(folder.join(path)).unwrap()
    }

    #[test]
    fn files_come_in_pieces_and_make_their_folders() {
        let scratch = Scratch::new("pieces");
        let mut writer = writer(&scratch);
        for (path, piece) in [("a", "1"), ("a", "2"), ("b/c/d", "3"), ("b/c/empty", ""), ("b/x\ny", "4")] {
            writer.put(path, None, piece.as_bytes()).unwrap();
        }
        assert_eq!(read(&scratch.0, "a"), "12");
        assert_eq!(read(&scratch.0, "b/c/d"), "3");
        assert_eq!(read(&scratch.0, "b/c/empty"), "");
        assert_eq!(read(&scratch.0, "b/x\ny"), "4");
        assert_eq!(writer.put("a", None, b"again"), Err(Errno::EXIST));
    }

    #[test]
    fn files_have_their_time_and_mode_when_they_are_whole() {
        let scratch = Scratch::new("about");
        let mut writer = writer(&scratch);
        let about = |nanos, executable| Some(About { modified: Duration::from_nanos(nanos), executable });
        let of = |path: &str| {
            let found = std::fs::metadata(scratch.0.join(path)).unwrap();
            (found.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap(), found.mode() & 0o777)
        };
        writer.put("a", about(1_234_567_890_123_456_789, true), b"1").unwrap();
        // Later pieces tell nothing.
        writer.put("a", None, b"2").unwrap();
        writer.put("b", about(1, false), b"").unwrap();
        assert_eq!(of("a"), (Duration::from_nanos(1_234_567_890_123_456_789), 0o755));
        writer.place("folder", Placed::Folder).unwrap();
        assert_eq!(of("b"), (Duration::from_nanos(1), 0o644));
        writer.put("c", about(u64::MAX, false), b"").unwrap();
        writer.finish().unwrap();
        assert!(of("c").0 > Duration::from_secs(1 << 33));
    }

    #[test]
    fn folders_and_links_are_made() {
        let scratch = Scratch::new("placed");
        let mut writer = writer(&scratch);
        let link = |target| Placed::Link { target };
        writer.place("a/b", Placed::Folder).unwrap();
        writer.place("a/b", Placed::Folder).unwrap();
        writer.place("c/out", link("../../ /etc")).unwrap();
        writer.place("c/loop", link("loop")).unwrap();
        assert!(scratch.0.join("a/b").is_dir());
        assert_eq!(std::fs::read_link(scratch.0.join("c/out")).unwrap(), Path::new("../../ /etc"));
        assert_eq!(writer.place("c/out", link("x")), Err(Errno::EXIST));
        assert_eq!(writer.place("c/zero", link("\0")), Err(Errno::INVAL));
        assert!(writer.place("c/out/x", Placed::Folder).is_err(), "a link is not followed");
        assert!(writer.place("c/out/x", link("x")).is_err(), "a link is not followed");
    }

    #[test]
    fn nothing_leads_out() {
        let (scratch, outside) = (Scratch::new("inside"), Scratch::new("outside"));
        std::os::unix::fs::symlink(&outside.0, scratch.0.join("folder")).unwrap();
        std::os::unix::fs::symlink(outside.0.join("new"), scratch.0.join("file")).unwrap();
        let mut writer = writer(&scratch);
        for path in ["folder/x", "file", "../x", "/etc/x", "a/../../x", "", "a//b", "."] {
            assert!(writer.put(path, None, b"x").is_err(), "{path}");
        }
        assert_eq!(std::fs::read_dir(&outside.0).unwrap().count(), 0);
        std::fs::write(outside.0.join("secret"), "s").unwrap();
        assert!(open_file(scratch.open(), "folder/secret").is_err());
    }
}
