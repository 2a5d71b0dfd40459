//! The second wall: what a cell gives up before its first guest. A hole in the wasm engine ends in a process that
//! can compute, read and write its link, and nothing else. Called by `cell::main` while it has one thread.

use anyhow::Context;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare, SeccompCondition as Condition, SeccompFilter,
    SeccompRule as Rule,
};
use std::collections::BTreeMap;

/// The user and group that nobody's files belong to; a cell that was started by root becomes this.
const NOBODY: u32 = 65534;

/// In nanoseconds. The kernel's own are about 3 ms.
const TURN: u64 = 20_000_000;

/// Before anything is loaded: nothing inherited, nothing left behind.
pub(super) fn at_start() -> anyhow::Result<()> {
    // Where memory runs out the kernel ends a cell, which is started again, and not the server. Raising it is free to all.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    // The server passes on in microseconds what programs compute for seconds: it need not wait for them. Older kernels know only one length.
    let _ = crate::raw::long_turns(TURN);
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    rustix::process::chdir("/").context("can't leave the working directory")?;
    die_with_parent()
}

/// After the guests are loaded, before any other thread: no privileges, no files. True where Landlock holds.
pub(super) fn shut_in() -> anyhow::Result<bool> {
    drop_root()?;
    // Changing the user clears it.
    die_with_parent()?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // A few descriptors for the runtime; writing to a file would end the process.
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: Some(32), maximum: Some(32) })?;
    rustix::thread::set_no_new_privs(true).context("can't give up new privileges")?;
    Ok(landlock())
}

fn die_with_parent() -> anyhow::Result<()> {
    // A parent that ended before this line closed the link: that ends the cell too.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).context("can't tie the cell to its parent")
}

fn drop_root() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (user, group) = (rustix::process::Uid::from_raw(NOBODY), rustix::process::Gid::from_raw(NOBODY));
    rustix::thread::set_thread_groups(&[]).context("can't give up groups")?;
    rustix::thread::set_thread_res_gid(group, group, group).context("can't give up the group")?;
    rustix::thread::set_thread_res_uid(user, user, user).context("can't give up the user")
}

/// No path may be opened, no port bound or connected, no process outside signalled.
fn landlock() -> bool {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    // Best effort: the newest rights that this kernel knows are handled, and nothing is allowed.
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI::V6)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.restrict_self());
    ruleset.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// For all threads: the system calls that computing needs; everything else fails with EPERM. True where it holds.
pub(super) fn filter() -> anyhow::Result<bool> {
    let program = program().context("the system call filter can't be built")?;
    Ok(seccompiler::apply_filter_all_threads(&program).is_ok())
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<Rule>> = PLAIN.iter().map(|&call| (call, Vec::new())).collect();
    // Memory, but none that can be executed.
    let no_exec = || {
        let protection = Condition::new(2, Length::Dword, Compare::MaskedEq(u64::from(libc::PROT_EXEC.cast_unsigned())), 0)?;
        Ok::<_, seccompiler::BackendError>(vec![Rule::new(vec![protection])?])
    };
    rules.insert(libc::SYS_mmap, no_exec()?);
    rules.insert(libc::SYS_mprotect, no_exec()?);
    // Asking which pages were touched, to drop only those.
    let scan = Condition::new(1, Length::Dword, Compare::Eq, PAGEMAP_SCAN)?;
    rules.insert(libc::SYS_ioctl, vec![Rule::new(vec![scan])?]);
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, denied, SeccompAction::Allow, architecture)?.try_into()
}

const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// Calls that are allowed with any arguments: they reach only this process's memory, time, and open descriptors.
const PLAIN: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_close,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_epoll_ctl,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
