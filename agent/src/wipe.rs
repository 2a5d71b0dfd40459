//! Empties folders that a program could write to, whatever it left there: any names, modes, depth and number.
//! Called by `places` when no process of any program lives, so that nobody changes what it looks at.

use crate::user::User;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags, SeekFrom};
use rustix::io::Errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const OPEN: Mode = Mode::from_raw_mode(0o777);

/// Removes all that is in the folder; never follows a link. A folder's folders are first moved up into the top,
/// so that two descriptors and short names are enough for any depth.
pub(crate) fn empty(top: impl AsFd) -> Result<(), Errno> {
    let top = top.as_fd();
    let mut moved = 0;
    loop {
        let mut was_empty = true;
        each(top, |name, kind| {
            was_empty = false;
            if kind.is_dir() {
                let folder = open_any(top, name)?;
                each(folder.as_fd(), |inner, kind| {
                    if kind.is_dir() {
                        move_up(folder.as_fd(), inner, top, &mut moved)
                    } else {
                        remove(folder.as_fd(), inner, AtFlags::empty())
                    }
                })?;
                remove(top, name, AtFlags::REMOVEDIR)
            } else {
                remove(top, name, AtFlags::empty())
            }
        })?;
        if was_empty {
            return Ok(());
        }
    }
}

/// Calls for each entry, until the folder has been read to its end.
fn each(folder: BorrowedFd<'_>, mut visit: impl FnMut(&CStr, FileType) -> Result<(), Errno>) -> Result<(), Errno> {
    rustix::fs::seek(folder, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut listing = RawDir::new(folder, &mut buffer);
    while let Some(entry) = listing.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            let kind = entry.file_type();
            visit(name, if kind == FileType::Unknown { kind_of(folder, name)? } else { kind })?;
        }
    }
    Ok(())
}

fn kind_of(folder: BorrowedFd<'_>, name: &CStr) -> Result<FileType, Errno> {
    Ok(FileType::from_raw_mode(rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode))
}

/// Opens a folder, also one whose owner shut himself out.
fn open_any(parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    unlock(parent, name)?;
    let _acting = owner_of(parent, name)?.act()?;
    rustix::fs::openat(parent, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Everybody may do everything in this folder. Safe by name: nobody lives who could put a link in its place.
pub(crate) fn unlock(parent: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    let _acting = owner_of(parent, name)?.act()?;
    rustix::fs::chmodat(parent, name, OPEN, AtFlags::empty())
}

fn owner_of(parent: BorrowedFd<'_>, name: &CStr) -> Result<User, Errno> {
    Ok(User(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_uid))
}

fn remove(folder: BorrowedFd<'_>, name: &CStr, flags: AtFlags) -> Result<(), Errno> {
    let _acting = User(rustix::fs::fstat(folder)?.st_uid).act()?;
    rustix::fs::unlinkat(folder, name, flags)
}

fn move_up(folder: BorrowedFd<'_>, name: &CStr, top: BorrowedFd<'_>, moved: &mut u64) -> Result<(), Errno> {
    // To move a folder one must be able to write to it: its `..` changes.
    unlock(folder, name)?;
    let _acting = User(rustix::fs::fstat(folder)?.st_uid).act()?;
    loop {
        *moved += 1;
        match rustix::fs::renameat_with(folder, name, top, format!(".moved-{moved}"), RenameFlags::NOREPLACE) {
            // The program has thought of this name too.
            Err(Errno::EXIST) => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beneath::tests::Scratch;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn is_empty(scratch: &Scratch) -> bool {
        std::fs::read_dir(&scratch.0).unwrap().next().is_none()
    }

    #[test]
    fn all_kinds_and_names_go_and_links_are_not_followed() {
        let (scratch, outside) = (Scratch::new("wiped"), Scratch::new("kept"));
        std::fs::write(outside.0.join("file"), "kept").unwrap();
        symlink(&outside.0, scratch.0.join("link")).unwrap();
        symlink("nowhere", scratch.0.join("dangling")).unwrap();
        std::fs::hard_link(outside.0.join("file"), scratch.0.join("hard")).unwrap();
        std::fs::create_dir_all(scratch.0.join(".moved-1/.moved-2/.moved-1")).unwrap();
        std::fs::write(scratch.0.join(".moved-3"), "").unwrap();
        std::fs::create_dir_all(scratch.0.join("a/b")).unwrap();
        std::fs::write(scratch.0.join("a/b").join(std::ffi::OsStr::from_bytes(b"\xff\n *")), "").unwrap();
        symlink(&outside.0, scratch.0.join("a/b/link")).unwrap();
        std::os::unix::net::UnixListener::bind(scratch.0.join("a/socket")).unwrap();
        std::fs::set_permissions(scratch.0.join("a/b"), PermissionsExt::from_mode(0o000)).unwrap();
        std::fs::set_permissions(scratch.0.join("a"), PermissionsExt::from_mode(0o000)).unwrap();
        empty(scratch.open()).unwrap();
        assert!(is_empty(&scratch));
        assert_eq!(std::fs::read_to_string(outside.0.join("file")).unwrap(), "kept");
    }

    #[test]
    fn depth_and_number_do_not_matter() {
        let scratch = Scratch::new("deep");
        let mut folder = scratch.open();
        for depth in 0..3000 {
            rustix::fs::mkdirat(&folder, "d", OPEN).unwrap();
            if depth % 500 == 0 {
                rustix::fs::openat(&folder, "f", OFlags::CREATE | OFlags::WRONLY, OPEN).unwrap();
            }
            folder = rustix::fs::openat(&folder, "d", OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        for number in 0..3000 {
            std::fs::write(scratch.0.join(number.to_string()), "").unwrap();
        }
        empty(scratch.open()).unwrap();
        assert!(is_empty(&scratch));
    }
}
