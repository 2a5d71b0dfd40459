//! All the `unsafe` of the agent: system calls that no safe wrapper has. Called by whoever needs one of them;
//! decides nothing.

#![expect(unsafe_code, reason = "kept in this one file")]

use runnel_link::Signal;
use rustix::io::Errno;
use rustix::process::Pid;
use std::ffi::{CString, c_char, c_int};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A process that is no more.
pub(crate) struct Dead {
    pub(crate) pid: Pid,
    /// As `wait` gives it.
    pub(crate) status: i32,
    /// With all the children that it waited for.
    pub(crate) cpu: Duration,
    pub(crate) peak: u64,
}

/// What a child becomes.
pub(crate) struct Image {
    /// Tried one after the other.
    pub(crate) paths: Vec<CString>,
    pub(crate) argv: Vec<CString>,
    pub(crate) env: Vec<CString>,
}

/// Why there is no child.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The image: the program's own fault.
    Image(Errno),
    /// All before that: ours.
    Setup(Errno),
}

/// File system calls are made as this user from now on. Other rights, such as to kill, stay.
pub(crate) fn set_file_user(id: u32) -> bool {
    // SAFETY: plain numbers, and of this thread only. The calls report no failure: asking again tells.
    unsafe {
        libc::setfsgid(id);
        libc::setfsuid(id);
        libc::setfsuid(u32::MAX) == id as c_int && libc::setfsgid(u32::MAX) == id as c_int
    }
}

/// Blocks the signals that the agent cares about, and gives a descriptor that they are read from. No other has been
/// set to be ignored, which a child would take over.
pub(crate) fn signal_descriptor(signals: &[c_int]) -> Result<OwnedFd, Errno> {
    for signal in (1..=64).filter(|signal| ![libc::SIGPIPE, libc::SIGSEGV, libc::SIGBUS].contains(signal)) {
        // SAFETY: plain numbers. Those left out are Rust's own: the first is reset in each child, the others by exec.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the set is made by `sigemptyset` before it is used; the descriptor is fresh and nobody else's.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&mut set);
        for &signal in signals {
            libc::sigaddset(&mut set, signal);
        }
        checked(libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()))?;
        let descriptor = checked(libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// From now on each system call of this process, and of all that come from it, passes this filter too.
pub(crate) fn filter_calls(program: &[libc::sock_filter]) -> Result<(), Errno> {
    let length = u16::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads as many instructions as `len` says, which are there, and copies them.
    checked(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter) }).map(drop)
}

/// Closes what was inherited beyond stdin, stdout and stderr. Only before anything else is opened.
pub(crate) fn close_inherited() {
    // SAFETY: called first of all, when no descriptor above 2 has an owner in this process.
    unsafe {
        if libc::close_range(3, u32::MAX, 0) != 0 {
            for descriptor in 3..1024 {
                libc::close(descriptor);
            }
        }
    }
}

/// Kills every other process of the container. Does nothing where this is not a container's first process.
pub(crate) fn kill_all() {
    if std::process::id() == 1 {
        // SAFETY: plain numbers; -1 leaves out the caller.
        unsafe { libc::kill(-1, libc::SIGKILL) };
    }
}

/// Sends a signal to all processes of the group that this one leads.
pub(crate) fn signal_group(leader: Pid, signal: Signal) -> Result<(), Errno> {
    // SAFETY: plain numbers.
    checked(unsafe { libc::kill(-leader.as_raw_nonzero().get(), signal.number().into()) }).map(drop)
}

/// One process that has ended; None where all live, `CHILD` where there are none.
pub(crate) fn reap() -> Result<Option<Dead>, Errno> {
    let mut status = 0;
    // SAFETY: both places live through the call; zero is a valid `rusage`.
    let (pid, usage) = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        // `__WALL`: whatever signal its parent chose to get at its end.
        (checked(libc::wait4(-1, &mut status, libc::WNOHANG | libc::__WALL, &mut usage))?, usage)
    };
    let Some(pid) = Pid::from_raw(pid) else { return Ok(None) };
    let time = |time: libc::timeval| Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64);
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    Ok(Some(Dead { pid, status, cpu, peak: usage.ru_maxrss as u64 * 1024 }))
}

/// Removes a System V object. The caller acts as its owner.
pub(crate) fn remove_shared(kind: super::ipc::Kind, id: c_int) -> Result<(), Errno> {
    // SAFETY: IPC_RMID uses no argument beyond the numbers.
    let result = unsafe {
        match kind {
            super::ipc::Kind::Memory => libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()),
            super::ipc::Kind::Messages => libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()),
            super::ipc::Kind::Semaphores => libc::semctl(id, 0, libc::IPC_RMID),
        }
    };
    checked(result).map(drop)
}

/// A number that the agent and its children see both.
#[derive(Clone, Copy)]
pub(crate) struct Shared(&'static AtomicU64);

impl Shared {
    pub(crate) fn new() -> Result<Self, Errno> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping, zeroed and aligned to a page, that is never taken away again.
        unsafe {
            let memory = libc::mmap(std::ptr::null_mut(), size_of::<AtomicU64>(), protection, flags, -1, 0);
            if memory == libc::MAP_FAILED { Err(last_error()) } else { Ok(Self(&*memory.cast())) }
        }
    }
}

/// Starts a child on these descriptors. Returns when it has become the program, with the moment at which it did, or
/// could not.
///
/// `setup` runs in the child. That may do anything, allocate too: the agent has one thread, so that a fork is whole.
pub(crate) fn spawn(
    image: &Image,
    stdio: [BorrowedFd<'_>; 3],
    shared: Shared,
    setup: impl FnOnce() -> Result<(), Errno>,
) -> Result<(Pid, Instant), Refusal> {
    let pointers = |words: &[CString]| words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
    let (argv, env) = (pointers(&image.argv), pointers(&image.env));
    // Closed by a successful exec: its end says that all went well.
    let (report, told) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(Refusal::Setup)?;
    let forked = Instant::now();
    // SAFETY: one thread; the child does its part and leaves.
    let child = checked(unsafe { libc::fork() }).map_err(Refusal::Setup)?;
    if child == 0 {
        let refusal = match set_up(stdio).and_then(|()| setup()) {
            Err(errno) => Refusal::Setup(errno),
            Ok(()) => {
                // The agent may get its turn only when the program has ended: it would see this moment too late.
                shared.0.store(u64::try_from(forked.elapsed().as_nanos()).unwrap_or(0), Ordering::Relaxed);
                Refusal::Image(become_program(&image.paths, &argv, &env))
            }
        };
        let (kind, errno) = match refusal {
            Refusal::Setup(errno) => (0, errno),
            Refusal::Image(errno) => (1, errno),
        };
        let [a, b, c, d] = errno.raw_os_error().to_le_bytes();
        let _ = rustix::io::write(&told, &[kind, a, b, c, d]);
        // SAFETY: ends the child without running what belongs to the agent.
        unsafe { libc::_exit(127) };
    }
    drop(told);
    let mut fault = [0; 5];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(&report, &mut fault)).map_err(Refusal::Setup)?;
    let Some(pid) = Pid::from_raw(child) else { return Err(Refusal::Setup(Errno::SRCH)) };
    if length < fault.len() {
        return Ok((pid, forked + Duration::from_nanos(shared.0.load(Ordering::Relaxed))));
    }
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    let [kind, errno @ ..] = fault;
    let errno = Errno::from_raw_os_error(i32::from_le_bytes(errno));
    Err(if kind == 0 { Refusal::Setup(errno) } else { Refusal::Image(errno) })
}

/// The child's first part: its descriptors, and signals as every program expects them.
fn set_up(stdio: [BorrowedFd<'_>; 3]) -> Result<(), Errno> {
    for (target, source) in (0..).zip(stdio) {
        // SAFETY: the agent's own stdin, stdout and stderr have no owner in Rust; the sources are all above them.
        checked(unsafe { libc::dup2(source.as_raw_fd(), target) })?;
    }
    // SAFETY: plain numbers, and a set that `sigemptyset` made. What is ignored or blocked outlives an exec.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&mut none);
        checked(libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut())).map(drop)
    }
}

/// The child's last part. Returns only where it fails.
fn become_program(paths: &[CString], argv: &[*const c_char], env: &[*const c_char]) -> Errno {
    let mut refusal = Errno::NOENT;
    for path in paths {
        // SAFETY: NUL-terminated words and NULL-terminated arrays that live through the call.
        match checked(unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr()) }) {
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => {}
            // Another folder may have one that can be executed; if none has, this is the reason to tell.
            Err(Errno::ACCESS) => refusal = Errno::ACCESS,
            Err(errno) => return errno,
        }
    }
    refusal
}

fn checked(result: c_int) -> Result<c_int, Errno> {
    if result < 0 { Err(last_error()) } else { Ok(result) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
