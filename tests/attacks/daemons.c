// expect: success
// holds: left 20
// Leaves daemons behind that ignore signals and hold the output.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    int left = 0;
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            setsid();
            if (fork() != 0) _exit(0);
            for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
            for (;;) sleep(1);
        }
        left += child > 0;
    }
    usleep(100000);
    printf("left %d\n", left);
    return 0;
}
