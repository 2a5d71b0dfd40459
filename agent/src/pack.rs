//! The product: what a compile step left in `/box/bin`. Seals it against the program that is to run it, and packs it
//! for another container. Called by `execution` and `running`. Regular files only; links are never followed.

use crate::beneath::{open_file, open_folder};
use crate::fault::words;
use crate::output::Output;
use crate::places::PRODUCT;
use crate::serve::Kit;
use crate::stream::{Stream, Unread};
use crate::user::User;
use runnel_link::{Bounds, End, ExecId, Facts, Pipe, Stop, packed};
use rustix::fs::{AtFlags, FileType, Mode};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Folders in folders; a path through them stays short enough for a frame.
const DEPTH: usize = 32;
const FOLDER: Mode = Mode::from_raw_mode(0o755);
const PLAIN: Mode = Mode::from_raw_mode(0o644);
const EXECUTABLE: u32 = 0o111;

/// Takes the right to change it from everybody but the user who made it.
pub(crate) fn seal(bin: &OwnedFd, owner: User) -> Result<(), Errno> {
    let _acting = owner.act()?;
    seal_folder(bin, 0)
}

fn seal_folder(folder: &OwnedFd, depth: usize) -> Result<(), Errno> {
    if depth > DEPTH {
        return Err(Errno::NAMETOOLONG);
    }
    for (name, mode) in entries(folder)? {
        let kind = FileType::from_raw_mode(mode);
        let is_executable = kind.is_dir() || mode & EXECUTABLE != 0;
        // Safe by name: nobody lives who could put a link in its place.
        if !kind.is_symlink() {
            rustix::fs::chmodat(folder, &name, if is_executable { FOLDER } else { PLAIN }, AtFlags::empty())?;
        }
        if kind.is_dir() {
            seal_folder(&open(folder, &name)?, depth + 1)?;
        }
    }
    Ok(())
}

/// Names and modes, in one order everywhere.
fn entries(folder: &OwnedFd) -> Result<Vec<(CString, u32)>, Errno> {
    let mut entries = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if name.as_c_str() != c"." && name.as_c_str() != c".." {
            let mode = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode;
            entries.push((name, mode));
        }
    }
    entries.sort();
    Ok(entries)
}

fn open(folder: &OwnedFd, name: &CString) -> Result<OwnedFd, Errno> {
    name.to_str().map_err(|_| Errno::ILSEQ).and_then(|name| open_folder(folder, name))
}

/// A file of the product, by its path below the product's place.
struct Item {
    path: String,
    executable: bool,
}

/// A product that is being packed.
pub(crate) struct Packing {
    bin: OwnedFd,
    owner: User,
    items: std::vec::IntoIter<Item>,
    stream: Stream,
    pub(crate) output: Output,
    begin: Instant,
    stop: Option<Stop>,
}

impl Packing {
    pub(crate) fn begin(exec: ExecId, bounds: &Bounds, bin: OwnedFd, owner: User) -> Result<Self, End> {
        let mut items = Vec::new();
        {
            let _acting = owner.act().map_err(|errno| refused(PRODUCT, errno))?;
            list(&bin, &mut items)?;
        }
        let output = Output::new(exec, bounds.output_bytes);
        Ok(Self { bin, owner, items: items.into_iter(), stream: Stream::default(), output, begin: Instant::now(), stop: None })
    }

    pub(crate) fn stop(&mut self, why: Stop) {
        self.stop.get_or_insert(why);
    }

    /// Sends what the window takes; its end when all is sent.
    pub(crate) fn turn(&mut self, kit: &mut Kit) -> Option<Facts> {
        let end = self.step(kit)?;
        let wall = self.begin.elapsed();
        Some(Facts { execution: wall, wall, out_bytes: self.output.passed(), ..Facts::unmeasured(end) })
    }

    fn step(&mut self, kit: &mut Kit) -> Option<End> {
        while self.stop.is_none() {
            let room = self.output.room()?;
            if let Err(end) = self.fill(room.max(1), &mut kit.scratch) {
                return Some(end);
            }
            if self.stream.len() == 0 {
                return Some(End::Exit(0));
            }
            if room == 0 {
                self.stop = Some(Stop::Output);
                break;
            }
            self.stream.send(room, |bytes| self.output.pass(Pipe::Stdout, bytes, &mut kit.outbox));
        }
        self.stop.map(End::Stopped)
    }

    /// Reads on until there is so much to send, or all there is.
    fn fill(&mut self, most: usize, scratch: &mut [u8]) -> Result<(), End> {
        while self.stream.len() < most {
            let was_read = self.stream.read(most, scratch).map_err(|fault| match fault {
                Unread::Shrunk => End::Broken("the product changed while it was packed".to_owned()),
                Unread::System(errno) => refused(PRODUCT, errno),
            })?;
            if !was_read {
                let Some(item) = self.items.next() else { return Ok(()) };
                self.begin_file(&item).map_err(|errno| refused(&item.path, errno))?;
            }
        }
        Ok(())
    }

    fn begin_file(&mut self, item: &Item) -> Result<(), Errno> {
        let file = {
            let _acting = self.owner.act()?;
            open_file(&self.bin, &below_bin(&item.path))?
        };
        let size = u64::try_from(rustix::fs::fstat(&file)?.st_size).unwrap_or(0);
        let entry = packed::Entry::File { path: &item.path, executable: item.executable, modified: Duration::ZERO, size };
        self.stream.file(entry, file, size);
        Ok(())
    }
}

/// Where a file of the product is, from the product's folder.
pub(crate) fn below_bin(path: &str) -> String {
    if path.is_empty() { PRODUCT.to_owned() } else { format!("{PRODUCT}/{path}") }
}

fn refused(path: &str, errno: Errno) -> End {
    End::Trap(format!("the product can't be packed: `{path}`: {}", words(errno)))
}

/// All regular files, in one order everywhere.
fn list(bin: &OwnedFd, items: &mut Vec<Item>) -> Result<(), End> {
    let mode = match rustix::fs::statat(bin, PRODUCT, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat.st_mode,
        Err(errno) => return Err(refused(PRODUCT, errno)),
    };
    let kind = FileType::from_raw_mode(mode);
    if kind.is_file() {
        items.push(Item { path: String::new(), executable: mode & EXECUTABLE != 0 });
        Ok(())
    } else if kind.is_dir() {
        let folder = open_folder(bin, PRODUCT).map_err(|errno| refused(PRODUCT, errno))?;
        list_folder(&folder, "", 0, items)
    } else {
        Err(End::Trap("the product can't be packed: it is neither a file nor a folder".to_owned()))
    }
}

fn list_folder(folder: &OwnedFd, prefix: &str, depth: usize, items: &mut Vec<Item>) -> Result<(), End> {
    if depth > DEPTH {
        return Err(refused(prefix, Errno::NAMETOOLONG));
    }
    for (name, mode) in entries(folder).map_err(|errno| refused(prefix, errno))? {
        let path = format!("{prefix}{}", name.to_str().map_err(|_| refused(&name.to_string_lossy(), Errno::ILSEQ))?);
        let kind = FileType::from_raw_mode(mode);
        // Links, pipes and sockets are nothing that a program is made of.
        if kind.is_file() {
            items.push(Item { path, executable: mode & EXECUTABLE != 0 });
        } else if kind.is_dir() {
            let folder = open(folder, &name).map_err(|errno| refused(&path, errno))?;
            list_folder(&folder, &format!("{path}/"), depth + 1, items)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beneath::tests::Scratch;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn listed(scratch: &Scratch) -> Result<Vec<(String, bool)>, End> {
        let mut items = Vec::new();
        list(&scratch.open(), &mut items)?;
        Ok(items.into_iter().map(|Item { path, executable }| (path, executable)).collect())
    }

    #[test]
    fn a_product_is_a_file_or_a_folder() {
        let scratch = Scratch::new("product");
        assert!(matches!(listed(&scratch), Err(End::Trap(_))));
        std::fs::write(scratch.0.join("main"), "x").unwrap();
        assert_eq!(listed(&scratch).unwrap(), [(String::new(), false)]);
        std::fs::remove_file(scratch.0.join("main")).unwrap();
        std::fs::create_dir_all(scratch.0.join("main/b/c")).unwrap();
        for path in ["main/z", "main/a", "main/b/c/d"] {
            std::fs::write(scratch.0.join(path), "x").unwrap();
        }
        symlink("/etc/passwd", scratch.0.join("main/link")).unwrap();
        std::fs::set_permissions(scratch.0.join("main/z"), PermissionsExt::from_mode(0o777)).unwrap();
        seal(&scratch.open(), User(rustix::process::getuid().as_raw())).unwrap();
        let plain = |path: &str| (path.to_owned(), false);
        assert_eq!(listed(&scratch).unwrap(), [plain("a"), plain("b/c/d"), ("z".to_owned(), true)]);
        let mode = std::fs::metadata(scratch.0.join("main/z")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
