// expect: success
// holds: done
// Takes precedence over everything else on the machine, and dies last.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    struct sched_param first = {.sched_priority = 99};
    if (setpriority(PRIO_PROCESS, 0, -20) == 0 || setpriority(PRIO_PROCESS, 1, 19) == 0) puts("WORKED: nice");
    if (sched_setscheduler(0, SCHED_FIFO, &first) == 0) puts("WORKED: real time");
    if (syscall(SYS_ioprio_set, 1, 0, 1 << 13) == 0) puts("WORKED: real time for disks");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) puts("WORKED: memory that stays");
    int file = open("/proc/self/oom_score_adj", O_WRONLY);
    if (file >= 0 && write(file, "-1000", 5) > 0) puts("WORKED: never the first to go");
    for (int r = 0; r < RLIM_NLIMITS; r++) {
        struct rlimit limit;
        getrlimit(r, &limit);
        if (limit.rlim_max == RLIM_INFINITY) continue;
        limit.rlim_max++;
        if (setrlimit(r, &limit) == 0) puts("WORKED: a higher limit");
    }
    puts("done");
    return 0;
}
