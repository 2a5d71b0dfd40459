//! Removes System V memory, messages and semaphores that a program left: they outlive their makers, and one run is
//! not to find what another left, nor to pay for it. Called by `places` when no process of any program lives.

use crate::raw;
use crate::user::User;
use rustix::io::Errno;
use rustix::process::Uid;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Memory,
    Messages,
    Semaphores,
}

/// The kernel's lists, and what they call an object's number.
const LISTS: [(Kind, &str, &str); 3] = [
    (Kind::Memory, "/proc/sysvipc/shm", "shmid"),
    (Kind::Messages, "/proc/sysvipc/msg", "msqid"),
    (Kind::Semaphores, "/proc/sysvipc/sem", "semid"),
];

pub(crate) fn wipe() -> Result<(), Errno> {
    for (kind, list, id) in LISTS {
        // Not there: this kernel has no System V objects.
        let text = std::fs::read_to_string(list).unwrap_or_default();
        for (id, owner) in objects(&text, id) {
            as_user(owner, || raw::remove_shared(kind, id))?;
        }
    }
    Ok(())
}

/// Numbers and owners. An object may be given away: its maker, `cuid`, keeps the right to remove it.
fn objects(list: &str, id: &str) -> Vec<(i32, User)> {
    let mut lines = list.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let place = |name: &str| head.iter().position(|&column| column == name);
    let (Some(id), Some(owner)) = (place(id), place("cuid")) else { return Vec::new() };
    let object = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        Some((columns.get(id)?.parse().ok()?, User(columns.get(owner)?.parse().ok()?)))
    };
    lines.filter_map(object).collect()
}

/// Acts as the user in all things, not only on files.
fn as_user(user: User, act: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
    let none = None::<Uid>;
    let own = rustix::process::geteuid();
    rustix::thread::set_thread_res_uid(none, Uid::from_raw(user.0), none)?;
    let result = act();
    rustix::thread::set_thread_res_uid(none, own, none)?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_is_read_by_its_head() {
        let list = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime
         0          3   600                  4096    12    12      0 20009 20001 20001 20001          0
  16909060          7   666                     1    13    13      1 20001 20001 20000 20001          0\n";
        assert_eq!(objects(list, "shmid"), [(3, User(20001)), (7, User(20000))]);
        assert_eq!(objects("", "shmid"), []);
        assert_eq!(objects("x y\n1 2\n", "shmid"), []);
    }
}
