// expect: success
// holds: the daemon: refused
// Tries what must be refused; says so for each.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
static void tell(const char *what, int worked) { printf("%s: %s\n", what, worked ? "WORKED" : "refused"); }
static int opens(const char *path, int flags) {
    int file = open(path, flags);
    if (file >= 0) close(file);
    return file >= 0;
}
static int connects(const char *address, int port) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval soon = {.tv_usec = 300000};
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    int worked = s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0;
    close(s);
    return worked;
}
int main(void) {
    tell("setuid 0", setuid(0) == 0);
    tell("setgid 0", setgid(0) == 0);
    tell("seteuid of the compiler", seteuid(getuid() - 1) == 0);
    tell("kill the agent", kill(1, SIGKILL) == 0);
    tell("stop the agent", kill(1, SIGSTOP) == 0);
    tell("trace the agent", ptrace(PTRACE_ATTACH, 1, 0, 0) == 0);
    tell("the agent's memory", opens("/proc/1/mem", O_RDWR));
    tell("the agent's files", opens("/proc/1/fd/0", O_RDONLY) || opens("/proc/1/fd/1", O_WRONLY));
    tell("the agent's environment", opens("/proc/1/environ", O_RDONLY));
    tell("the agent's root", opens("/proc/1/root/etc", O_RDONLY));
    tell("mount", mount("none", "/tmp", "tmpfs", 0, "") == 0);
    tell("bind mount", mount("/", "/tmp", 0, MS_BIND, "") == 0);
    tell("unmount", umount2("/tmp", MNT_DETACH) == 0);
    tell("new user namespace", unshare(CLONE_NEWUSER) == 0);
    tell("new mount namespace", unshare(CLONE_NEWNS) == 0);
    tell("new net namespace", unshare(CLONE_NEWNET) == 0);
    tell("chroot", chroot("/tmp") == 0);
    tell("device", mknod("/tmp/disk", S_IFBLK | 0600, 8 << 8) == 0);
    tell("write the agent", opens("/runnel/agent", O_WRONLY));
    tell("write a binary", opens("/bin/sh", O_WRONLY));
    tell("sysctl", opens("/proc/sys/kernel/core_pattern", O_WRONLY));
    tell("control group", opens("/sys/fs/cgroup/memory/memory.limit_in_bytes", O_WRONLY) || opens("/sys/fs/cgroup/memory.max", O_WRONLY));
    tell("kernel memory", opens("/proc/kcore", O_RDONLY) || opens("/dev/mem", O_RDONLY));
    tell("keyring", syscall(SYS_keyctl, 0, -3, 0) >= 0);
    tell("bpf", syscall(SYS_bpf, 0, 0, 0) >= 0);
    tell("perf", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0) >= 0);
    tell("userfaultfd", syscall(SYS_userfaultfd, 0) >= 0);
    tell("reboot", reboot(RB_AUTOBOOT) == 0);
    tell("clock", settimeofday(&(struct timeval){0}, 0) == 0);
    tell("host name", sethostname("x", 1) == 0);
    tell("the net", connects("1.1.1.1", 53));
    tell("the gateway", connects("172.17.0.1", 80));
    tell("raw socket", socket(AF_INET, SOCK_RAW, 1) >= 0);
    tell("the daemon", opens("/var/run/docker.sock", O_RDWR));
    return 0;
}
