// expect: error
// lacks: alive
// Everything that it may kill, it kills: the agent, which is the container's first process, must not be among it.
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    for (int process = 1; process < 100; process++)
        if (process != getpid() && kill(process, SIGKILL) == 0) puts("WORKED");
    int agent = syscall(SYS_pidfd_open, 1, 0);
    if (agent >= 0 && syscall(SYS_pidfd_send_signal, agent, SIGKILL, 0, 0) == 0) puts("WORKED");
    fflush(stdout);
    kill(-1, SIGKILL);
    kill(0, SIGKILL);
    puts("alive");
    return 0;
}
