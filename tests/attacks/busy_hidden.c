// expect: timeout
// message: CPU time
// limits: {"time_ms": 400}
// Children that nobody waits for, each too short to be noticed by itself.
#include <signal.h>
#include <unistd.h>
int main(void) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (fork() == 0) {
            for (volatile long n = 0; n < 3000000; n++) {}
            _exit(0);
        }
        usleep(1000);
    }
}
