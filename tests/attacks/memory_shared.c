// expect: memory_limit or error
// limits: {"memory_mb": 48}
// Memory that belongs to no process: a file without a name, behind a descriptor that nobody maps.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static char block[1 << 20];
int main(void) {
    int file = memfd_create("x", 0);
    memset(block, 1, sizeof block);
    for (int n = 0; n < 1000; n++)
        if (write(file, block, sizeof block) < 0) return 1;
    puts("WORKED");
    return 0;
}
