//! The only `unsafe` of the project: loading native code that we compiled ourselves, and the system calls that
//! prove the second wall. Called by `cell` and `cell::probe`.

#![expect(unsafe_code, reason = "kept in this one file")]

use std::path::Path;
use wasmtime::component::Component;

/// Loads a guest's native code.
pub(crate) fn load_component(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file was written by `engine::wasm::guests` with this engine's compiler and lies in a folder that
    // only the operator can write; wasmtime itself checks version and configuration.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Asks the kernel for long turns on a processor, in nanoseconds: whoever asks for short ones, as all do by default, then
/// need not wait for this thread's to end. The error number, or 0 where it worked (Linux 6.12 and later).
pub(crate) fn long_turns(nanoseconds: u64) -> i32 {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(0),
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: nanoseconds,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads as many bytes as the structure says that it has.
    error_of(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, std::ptr::from_ref(&attributes), 0) })
}

/// Tries to trace another process; the error number, or 0 where it worked.
pub(crate) fn try_ptrace(pid: i32) -> i32 {
    // SAFETY: PTRACE_SEIZE reads no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_ptrace, 0x4206, pid, 0, 0) };
    error_of(result)
}

/// Tries to get memory that is both writable and executable; the error number, or 0 where it worked.
pub(crate) fn try_map_executable() -> i32 {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh private mapping that nothing else uses.
    let result = unsafe { libc::syscall(libc::SYS_mmap, 0, 4096, protection, flags, -1, 0) };
    if (-4095..0).contains(&result) || result == -1 { error_of(-1) } else { 0 }
}

/// Tries to start a process the plain way; the error number, or 0 where it worked.
pub(crate) fn try_fork() -> i32 {
    // SAFETY: where it works against all hope, the child leaves at once without touching anything.
    let result = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    if result == 0 {
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    error_of(result)
}

/// Tries to become another program; the error number (it does not return where it works).
pub(crate) fn try_exec() -> i32 {
    let path = c"/bin/true";
    let arguments = [path.as_ptr(), std::ptr::null()];
    let environment: [*const libc::c_char; 1] = [std::ptr::null()];
    // SAFETY: NUL-terminated strings and NULL-terminated arrays that live through the call.
    error_of(unsafe { libc::syscall(libc::SYS_execve, path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) })
}

/// Tries a system call that takes only numbers; the error number, or 0 where it worked.
pub(crate) fn try_plain(number: i64, first: i64, second: i64, third: i64) -> i32 {
    // SAFETY: used with calls whose arguments are plain numbers (socket, kill, unshare).
    error_of(unsafe { libc::syscall(number, first, second, third) })
}

fn error_of(result: i64) -> i32 {
    if result >= 0 { 0 } else { std::io::Error::last_os_error().raw_os_error().unwrap_or(-1) }
}
