// expect: memory_limit
// limits: {"memory_mb": 48}
// No process takes much, all of them together do.
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    for (int i = 0; i < 10; i++)
        if (fork() == 0) {
            volatile char *p = malloc(12 << 20);
            for (int n = 0; n < 12 << 20; n += 4096) p[n] = 1;
            for (;;) pause();
        }
    sleep(3);
    return 0;
}
