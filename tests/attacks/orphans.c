// expect: timeout
// message: CPU time
// limits: {"time_ms": 400}
// The parent is gone before the child works; each generation hands on to the next in a session of its own.
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    if (fork() == 0) {
        for (;;) {
            setsid();
            for (volatile int n = 0; n < 2000000; n++) {}
            if (fork() != 0) _exit(0);
        }
    }
    for (;;) pause();
}
