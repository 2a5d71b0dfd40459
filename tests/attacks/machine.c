// expect: success
// holds: done
// What belongs to the machine: devices, settings, clocks, modules, disks.
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
static void closed(const char *pattern) {
    glob_t found;
    if (glob(pattern, 0, 0, &found) != 0) return;
    for (size_t n = 0; n < found.gl_pathc; n++)
        if (open(found.gl_pathv[n], O_WRONLY | O_NONBLOCK) >= 0) printf("WORKED: %s\n", found.gl_pathv[n]);
    globfree(&found);
}
int main(void) {
    // All that can be written in /dev ends in the kernel's own waste paper basket.
    const char *devices[] = {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/sda", "/dev/vda", "/dev/nvme0n1", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/vsock", "/dev/vhost-vsock", "/dev/dri/card0", "/dev/rtc0"};
    for (int n = 0; n < 14; n++)
        if (open(devices[n], O_RDONLY) >= 0) printf("WORKED: %s\n", devices[n]);
    closed("/proc/sys/kernel/*");
    closed("/proc/sys/vm/*");
    closed("/proc/sys/fs/*");
    closed("/proc/sys/net/*/*");
    closed("/proc/irq/*/*");
    closed("/proc/acpi/*");
    closed("/sys/kernel/*");
    closed("/sys/fs/cgroup/*/*");
    closed("/sys/class/*/*/*");
    if (open("/proc/kcore", O_RDONLY) >= 0 || open("/etc/shadow", O_RDONLY) >= 0 || open("/root/x", O_RDONLY) >= 0) puts("WORKED: a secret");
    char line[64] = {0};
    int keys = open("/proc/keys", O_RDONLY), timers = open("/proc/timer_list", O_RDONLY);
    if (read(keys, line, 60) > 0 || read(timers, line, 60) > 0) puts("WORKED: what runtimes hide");
    if (mknod("x", S_IFCHR | 0666, makedev(1, 1)) == 0) puts("WORKED: a device");
    if (clock_settime(CLOCK_REALTIME, &(struct timespec){0}) == 0 || adjtimex(&(struct timex){.modes = ADJ_OFFSET}) >= 0) puts("WORKED: the clock");
    if (swapon("x", 0) == 0 || sethostname("x", 1) == 0 || syscall(SYS_iopl, 3) == 0) puts("WORKED: the machine");
    for (int bit = 0; bit < 41; bit++)
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0) == 0) puts("WORKED: a capability");
    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) puts("WORKED: new rights");
    puts("done");
    return 0;
}
