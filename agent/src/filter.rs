//! System calls that no program in a container gets, whatever the runtime's own filter says: doors to what the kernel
//! shares between all containers and the machine. Built here, put on by `walls`, inherited by every program.
//!
//! A list of what is closed, not of what is open: the runtime's filter has that, and images bring programs of any kind.

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, sock_filter};
use std::mem::offset_of;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
/// Numbers from here on are another way to say the same calls.
const X32: u32 = 0x4000_0000;

/// Queues, keys, pages and programs of the kernel's own. Docker leaves the first three open up to version 24.
const CLOSED: &[libc::c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_memfd_secret,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
];

/// Families of sockets that end at the container's own network, which has nothing. Others, such as `AF_VSOCK`, which
/// leads to the host of a virtual machine, know no network namespace.
const FAMILIES: &[libc::c_int] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

const ALLOW: sock_filter = end(SECCOMP_RET_ALLOW);
const DENY: sock_filter = end(SECCOMP_RET_ERRNO | libc::EPERM as u32);

/// The filter as the kernel takes it. Each jump skips the one instruction that is not meant.
pub(crate) fn program() -> Vec<sock_filter> {
    let mut program = vec![load(offset_of!(libc::seccomp_data, arch))];
    // A 32-bit call has numbers of its own: who makes one wants around this filter.
    program.extend([jump(BPF_JEQ, ARCHITECTURE, 1, 0), end(SECCOMP_RET_KILL_PROCESS)]);
    program.push(load(offset_of!(libc::seccomp_data, nr)));
    program.extend([jump(BPF_JGE, X32, 0, 1), DENY]);
    for &call in CLOSED {
        program.extend([jump(BPF_JEQ, call as u32, 0, 1), DENY]);
    }
    let (socket, pair) = (libc::SYS_socket as u32, libc::SYS_socketpair as u32);
    program.extend([jump(BPF_JEQ, socket, 2, 0), jump(BPF_JEQ, pair, 1, 0), ALLOW]);
    // The lower half of the first argument, where the kernel looks for a family.
    program.push(load(offset_of!(libc::seccomp_data, args)));
    for &family in FAMILIES {
        program.extend([jump(BPF_JEQ, family as u32, 0, 1), ALLOW]);
    }
    program.push(DENY);
    program
}

fn load(offset: usize) -> sock_filter {
    sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: offset as u32 }
}

fn jump(comparison: u32, with: u32, if_so: u8, if_not: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | comparison | BPF_K) as u16, jt: if_so, jf: if_not, k: with }
}

const fn end(verdict: u32) -> sock_filter {
    sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k: verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with it.
    fn verdict(architecture: u32, call: libc::c_long, first: u64) -> u32 {
        let (program, mut at, mut held) = (program(), 0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let skipped = match u32::from(code) & 0x07 {
                BPF_LD => {
                    held = match k as usize {
                        0 => call as u32,
                        4 => architecture,
                        16 => first as u32,
                        other => panic!("reads at {other}"),
                    };
                    0
                }
                BPF_RET => return k,
                BPF_JMP if u32::from(code) & 0xf0 == BPF_JGE => {
                    if held >= k {
                        jt
                    } else {
                        jf
                    }
                }
                BPF_JMP => {
                    if held == k {
                        jt
                    } else {
                        jf
                    }
                }
                other => panic!("instruction {other}"),
            };
            at += usize::from(skipped);
        }
    }

    #[test]
    fn it_closes_what_it_says_and_nothing_else() {
        let denied = DENY.k;
        for &call in CLOSED {
            assert_eq!(verdict(ARCHITECTURE, call, 0), denied, "{call}");
        }
        for call in [libc::SYS_read, libc::SYS_execve, libc::SYS_clone, libc::SYS_ptrace, libc::SYS_connect, libc::SYS_futex] {
            assert_eq!(verdict(ARCHITECTURE, call, 40), SECCOMP_RET_ALLOW, "{call}");
        }
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            for family in 0..64 {
                let expected = if FAMILIES.contains(&family) { SECCOMP_RET_ALLOW } else { denied };
                assert_eq!(verdict(ARCHITECTURE, call, family as u64), expected, "family {family}");
            }
            // What stands above is nothing to the kernel, and no way around.
            assert_eq!(verdict(ARCHITECTURE, call, 1 << 32 | libc::AF_VSOCK as u64), denied);
        }
        assert_eq!(verdict(ARCHITECTURE, X32 as libc::c_long | libc::SYS_read, 0), denied);
        assert_eq!(verdict(0x4000_0003, libc::SYS_read, 0), SECCOMP_RET_KILL_PROCESS);
    }
}
