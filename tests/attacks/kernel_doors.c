// expect: success
// holds: done
// Calls that work on what the kernel has for all containers together. Runtimes of different age leave different ones open.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tell(const char *what, long result) {
    if (result >= 0 || errno != EPERM) printf("WORKED: %s\n", what);
}
int main(void) {
    char space[256] = {0};
    tell("io_uring", syscall(SYS_io_uring_setup, 4, space));
    tell("io_uring under its other number", syscall(0x40000000 | SYS_io_uring_setup, 4, space) >= 0 ? 0 : (errno = EPERM, -1));
    tell("userfaultfd", syscall(SYS_userfaultfd, 1));
    tell("bpf", syscall(SYS_bpf, 0, space, sizeof space));
    tell("perf", syscall(SYS_perf_event_open, space, 0, -1, -1, 0));
    tell("keys", syscall(SYS_add_key, "user", "name", "x", 1, -3));
    tell("keys of others", syscall(SYS_request_key, "user", "name", 0, -3));
    tell("keyrings", syscall(SYS_keyctl, 0, -3, 1));
    tell("secret memory", syscall(SYS_memfd_secret, 0));
    tell("modules", syscall(SYS_init_module, space, 1, ""));
    tell("another kernel", syscall(SYS_kexec_load, 0, 0, 0, 0));
    // Sockets that end outside of the container's own network.
    for (int family = 0; family < 64; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
            for (int type = 1; type < 11; type++) {
                tell("a family of sockets", socket(family, type, 0));
                tell("a pair of sockets", socketpair(family, type, 0, (int[2]){0}));
            }
    puts("done");
    return 0;
}
