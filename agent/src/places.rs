//! The folders of a container: `/box/work`, where both steps run, `/box/bin`, where the product is, and what else
//! programs can write to. Makes them, and empties them between executions. Called by `execution` when no process of
//! any program lives.

use crate::beneath::open_folder;
use crate::fault::{Fault, words};
use crate::user::{User, Users};
use crate::{ipc, pack, wipe};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};

const BOX: &str = "/box";
const WORK: &str = "work";
const BIN: &str = "bin";
/// The product's name below `BIN`: a file or a folder.
pub(crate) const PRODUCT: &str = "main";
/// Open to every user, by Docker's or the operator's will.
const SHARED: [&str; 2] = ["/tmp", "/dev/shm"];

/// What `statfs` calls a tmpfs.
const TMPFS: i64 = 0x0102_1994;

const FOLDER: Mode = Mode::from_raw_mode(0o755);
const OPEN: Mode = Mode::from_raw_mode(0o777);

pub(crate) struct Places {
    root: OwnedFd,
    bin: OwnedFd,
    shared: Vec<OwnedFd>,
    users: Users,
    /// A program may have left something.
    used: bool,
}

impl Places {
    pub(crate) fn new(users: Users) -> Result<Self, Fault> {
        let root = open_own(BOX)?;
        let shared = SHARED.iter().map(|path| open_own(path)).collect::<Result<_, _>>()?;
        match make_owned(&root, BIN, users.compile) {
            // A file system of its own, that the server has given to the compile step's user.
            Ok(()) | Err(Errno::EXIST) => {}
            Err(fault) => return Err(Fault::system("make /box/bin")(fault)),
        }
        let bin = open_folder(&root, BIN).map_err(Fault::system("open /box/bin"))?;
        Ok(Self { root, bin, shared, users, used: false })
    }

    /// An empty `/box/work` that belongs to the user, and nothing left of earlier programs but the product.
    pub(crate) fn fresh_work(&mut self, owner: User) -> Result<OwnedFd, String> {
        let told = |what: &str, errno| format!("the container could not be made clean: {what}: {}", words(errno));
        if self.used {
            self.remove_work().map_err(|errno| told("/box/work", errno))?;
            for (folder, path) in self.shared.iter().zip(SHARED) {
                wipe::empty(folder).map_err(|errno| told(path, errno))?;
            }
            ipc::wipe().map_err(|errno| told("shared memory", errno))?;
        }
        self.used = true;
        make_owned(&self.root, WORK, owner).and_then(|()| open_folder(&self.root, WORK)).map_err(|errno| told("/box/work", errno))
    }

    fn remove_work(&self) -> Result<(), Errno> {
        wipe::unlock(self.root.as_fd(), c"work")?;
        wipe::empty(open_folder(&self.root, WORK)?)?;
        rustix::fs::unlinkat(&self.root, WORK, AtFlags::REMOVEDIR)
    }

    /// The product's folder, emptied.
    pub(crate) fn fresh_bin(&self) -> Result<OwnedFd, Errno> {
        wipe::unlock(self.root.as_fd(), c"bin")?;
        wipe::empty(&self.bin)?;
        self.lock_bin()?;
        self.bin()
    }

    /// The product's folder.
    pub(crate) fn bin(&self) -> Result<OwnedFd, Errno> {
        rustix::io::fcntl_dupfd_cloexec(&self.bin, 3)
    }

    fn lock_bin(&self) -> Result<(), Errno> {
        let _acting = self.users.compile.act()?;
        rustix::fs::fchmod(&self.bin, FOLDER)
    }

    /// Nobody but its owner writes to the product and its folder, whatever a compile step made of them.
    pub(crate) fn seal_product(&self) -> Result<(), String> {
        let sealed = self.lock_bin().and_then(|()| pack::seal(&self.bin, self.users.compile));
        sealed.map_err(|errno| match errno {
            Errno::NAMETOOLONG => "the product can't be kept: its folders are too deep".to_owned(),
            _ => format!("the product can't be kept: {}", words(errno)),
        })
    }

    /// The product's folder where it is a file system of its own.
    fn own_bin(&self) -> Option<&OwnedFd> {
        let device = |folder: &OwnedFd| rustix::fs::fstat(folder).map(|stat| stat.st_dev);
        (device(&self.root) != device(&self.bin)).then_some(&self.bin)
    }

    pub(crate) fn users(&self) -> Users {
        self.users
    }

    /// Bytes in all the files that programs can make: memory of the container that is no program's own.
    pub(crate) fn file_bytes(&self) -> u64 {
        let used = |folder: &OwnedFd| rustix::fs::fstatvfs(folder).map_or(0, |system| (system.f_blocks - system.f_bfree) * system.f_frsize);
        used(&self.root) + self.own_bin().map_or(0, used) + self.shared.iter().map(used).sum::<u64>()
    }
}

/// A folder that is emptied later. It must be the container's own and in memory: nothing of the machine's is ever
/// emptied, whatever the agent was started in.
fn open_own(path: &'static str) -> Result<OwnedFd, Fault> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(Fault::system("open the container's folders"))?;
    let system = rustix::fs::fstatfs(&folder).map_err(Fault::system("look at the container's folders"))?;
    let parent = rustix::fs::statat(&folder, "..", AtFlags::empty()).map_err(Fault::system("look at the container's folders"))?;
    let own = rustix::fs::fstat(&folder).map_err(Fault::system("look at the container's folders"))?;
    // On a file system of its own, too: a plain folder may be anybody's.
    if system.f_type == TMPFS && own.st_dev != parent.st_dev {
        Ok(folder)
    } else {
        Err(Fault::Usage("`/box`, `/tmp` and `/dev/shm` must each be a tmpfs of the container's own"))
    }
}

/// Makes a folder that belongs to a user below one that does not. There is no right to give it away: the parent is
/// open to all for that moment.
fn make_owned(parent: &OwnedFd, name: &str, owner: User) -> Result<(), Errno> {
    rustix::fs::fchmod(parent, OPEN)?;
    let made = owner.act().and_then(|_acting| rustix::fs::mkdirat(parent, name, FOLDER));
    rustix::fs::fchmod(parent, FOLDER)?;
    made
}
