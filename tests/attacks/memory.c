// expect: memory_limit
// limits: {"memory_mb": 48}
#include <stdlib.h>
int main(void) {
    for (;;) {
        volatile char *p = malloc(1 << 20);
        for (int i = 0; p && i < 1 << 20; i += 4096) p[i] = 1;
    }
}
