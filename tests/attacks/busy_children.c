// expect: timeout
// message: CPU time
// limits: {"time_ms": 400}
// The parent sleeps; its grandchildren burn.
#include <unistd.h>
int main(void) {
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            if (fork() == 0)
                for (volatile long n = 0;; n++) {}
            _exit(0);
        }
    for (;;) pause();
}
