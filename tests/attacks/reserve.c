// expect: success
// limits: {"memory_mb": 48}
// holds: reserved
// Address space is nobody's memory: reserving a lot of it must not make anything else fail.
#include <stdio.h>
#include <sys/mman.h>
int main(void) {
    for (int n = 0; n < 100; n++)
        if (mmap(0, 64l << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) break;
    puts("reserved");
    return 0;
}
