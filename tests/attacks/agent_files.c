// expect: success
// holds: done
// The agent: its program, its memory, its descriptors, its limits, and what it trusts.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>
int main(void) {
    const char *secret[] = {"/proc/1/mem", "/proc/1/environ", "/proc/1/maps", "/proc/1/auxv", "/proc/1/fd", "/proc/1/root/", "/proc/1/cwd/", "/proc/1/exe", "/proc/1/task/1/mem", "/proc/1/syscall", "/proc/1/stack", "/proc/1/pagemap", "/proc/1/fdinfo", "/proc/1/map_files", "/proc/1/io", "/proc/1/ns/net"};
    for (int n = 0; n < 16; n++)
        if (open(secret[n], O_RDONLY) >= 0) printf("WORKED: %s\n", secret[n]);
    const char *closed[] = {"/runnel/agent", "/runnel/whole", "/proc/1/oom_score_adj", "/proc/1/comm", "/proc/1/attr/current", "/proc/1/coredump_filter", "/proc/1/uid_map", "/proc/1/timerslack_ns", "/proc/1/clear_refs"};
    for (int n = 0; n < 9; n++) {
        // Some of them only say no to what is written.
        int file = open(closed[n], O_WRONLY);
        if (file >= 0 && write(file, "1", 1) > 0) printf("WORKED: writing %s\n", closed[n]);
    }
    char space[64];
    struct iovec here = {space, 64}, there = {(void *)0x400000, 64};
    if (syscall(SYS_process_vm_readv, 1, &here, 1, &there, 1, 0) > 0) puts("WORKED: reading its memory");
    if (ptrace(PTRACE_SEIZE, 1, 0, 0) == 0) puts("WORKED: tracing it");
    int process = syscall(SYS_pidfd_open, 1, 0);
    for (int n = 0; n < 10; n++)
        if (syscall(SYS_pidfd_getfd, process, n, 0) >= 0) puts("WORKED: taking a descriptor");
    if (prlimit(1, RLIMIT_CPU, &(struct rlimit){1, 1}, 0) == 0) puts("WORKED: limiting it");
    if (chmod("/runnel/agent", 0) == 0 || rename("/box/work", "/box/other") == 0 || chmod("/box", 0) == 0 || rmdir("/tmp") == 0) puts("WORKED: its folders");
    if (setxattr("/box", "user.x", "x", 1, 0) == 0) puts("WORKED: attributes");
    if (link("/runnel/agent", "/tmp/agent") == 0 || link("/etc/shadow", "/tmp/shadow") == 0) puts("WORKED: another name for it");
    puts("done");
    return 0;
}
