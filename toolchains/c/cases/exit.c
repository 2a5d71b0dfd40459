// What is in the buffers is written, the handler runs, and the code arrives.
#include <stdio.h>
#include <stdlib.h>

static void bye(void) { printf("bye"); }

int main(void) {
    atexit(bye);
    printf("no newline, ");
    exit(42);
}
