// expect: memory_limit
// limits: {"memory_mb": 48}
// A little at a time, with sleep between, and a good exit at the end.
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    for (int i = 0; i < 80; i++) {
        volatile char *p = malloc(1 << 20);
        for (int n = 0; n < 1 << 20; n += 4096) p[n] = 1;
        usleep(2000);
    }
    return 0;
}
