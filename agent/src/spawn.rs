//! Starts a program: its user, its limits, its place. Called by `running`. The only way out of the agent's rights:
//! nothing of a program runs before all of this is done.

use crate::fault::words;
use crate::order::{Kind, Program};
use crate::raw::{self, Refusal, Shared};
use crate::stdio::Stdio;
use crate::user::User;
use runnel_link::{Bounds, End};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Pid, Resource, Rlimit, Uid};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

const FILES: u64 = 1024;
const LOCKED: u64 = 64 << 10;
/// The kernel chooses the program when memory is short, and never the agent.
const FIRST_TO_GO: &[u8] = b"1000";
/// What a program makes is not for others to write.
const UMASK: Mode = Mode::from_raw_mode(0o022);

pub(crate) struct Started {
    pub(crate) main: Pid,
    /// When it became the program.
    pub(crate) begin: Instant,
    pub(crate) stdio: Stdio,
}

/// Returns when the program runs; the error is the end of the execution.
pub(crate) fn start(program: &Program, bounds: &Bounds, work: &OwnedFd, shared: Shared) -> Result<Started, End> {
    let Program { image, user, stdio } = program;
    let made = match stdio {
        Kind::WithoutInput => Stdio::without_input(*user),
        Kind::Pipes => Stdio::pipes(*user),
        Kind::Terminal => Stdio::terminal(*user),
    };
    let made = made.map_err(|errno| End::Broken(format!("the container has no pipes: {}", words(errno))))?;
    let descriptors = [made.theirs[0].as_fd(), made.theirs[1].as_fd(), made.theirs[2].as_fd()];
    let limits = limits(bounds);
    let terminal = (*stdio == Kind::Terminal).then_some(descriptors[0]);
    let child = raw::spawn(image, descriptors, shared, || set_up(*user, &limits, work.as_fd(), terminal));
    match child {
        Ok((main, begin)) => Ok(Started { main, begin, stdio: made }),
        Err(Refusal::Image(errno)) => {
            let name = image.argv.first().map(|name| name.to_string_lossy()).unwrap_or_default();
            Err(End::Trap(format!("`{name}` can't be started: {}", words(errno))))
        }
        Err(Refusal::Setup(errno)) => Err(End::Broken(format!("the container starts no process: {}", words(errno)))),
    }
}

/// In the child, with the agent's rights until the last line.
fn set_up(user: User, limits: &[(Resource, u64, u64)], work: BorrowedFd<'_>, terminal: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    rustix::process::setsid()?;
    if let Some(terminal) = terminal {
        rustix::process::ioctl_tiocsctty(terminal)?;
    }
    // Not to be found everywhere, and only a wish.
    if let Ok(file) = rustix::fs::open("/proc/self/oom_score_adj", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::io::write(file, FIRST_TO_GO);
    }
    for &(resource, soft, hard) in limits {
        let present = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(soft.min(present)), maximum: Some(hard.min(present)) };
        rustix::process::setrlimit(resource, limit)?;
    }
    rustix::process::umask(UMASK);
    rustix::process::fchdir(work)?;
    let (uid, gid) = (Uid::from_raw(user.0), Gid::from_raw(user.0));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

/// What one process may have, soft and hard. What all together may have is `meter`'s.
fn limits(bounds: &Bounds) -> [(Resource, u64, u64); 8] {
    let Bounds { time, wall: _, memory_bytes, output_bytes: _, file_bytes, file_count: _, processes } = bounds;
    // Whole seconds, and one more: the agent is the one that stops it, this is for when it can't.
    let seconds = time.as_secs().saturating_add(1 + u64::from(time.subsec_nanos() > 0));
    let both = |resource, most| (resource, most, most);
    [
        both(Resource::Core, 0),
        (Resource::Cpu, seconds, seconds.saturating_add(1)),
        both(Resource::Fsize, *file_bytes),
        both(Resource::Nofile, FILES),
        // Of this user in the whole machine: each container has users of its own.
        both(Resource::Nproc, u64::from(*processes)),
        // Deep recursion is no fault while memory lasts.
        both(Resource::Stack, *memory_bytes),
        both(Resource::Memlock, LOCKED),
        // Message queues would outlive the program.
        both(Resource::Msgqueue, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn cpu_seconds_are_rounded_up() {
        let seconds = |time: u64| {
            let time = Duration::from_millis(time);
            let bounds = Bounds { time, wall: time, memory_bytes: 1, output_bytes: 1, file_bytes: 1, file_count: 1, processes: 1 };
            limits(&bounds).into_iter().find(|(resource, ..)| *resource == Resource::Cpu).map(|(_, soft, hard)| (soft, hard))
        };
        assert_eq!(seconds(500), Some((2, 3)));
        assert_eq!(seconds(1000), Some((2, 3)));
        assert_eq!(seconds(1001), Some((3, 4)));
    }
}
