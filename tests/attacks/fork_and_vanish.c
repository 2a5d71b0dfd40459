// expect: success
// holds: gone
// The main process ends at once; what it left burns, holds the output, and goes on forking.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    puts("gone");
    fflush(stdout);
    if (fork() == 0) {
        setsid();
        signal(SIGCHLD, SIG_IGN);
        for (;;)
            if (fork() == 0)
                for (volatile long n = 0; n < 100000; n++) {}
    }
    return 0;
}
