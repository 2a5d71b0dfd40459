// expect: memory_limit
// limits: {"memory_mb": 48}
// Many small pieces, each with something in it.
#include <stdlib.h>
#include <string.h>
int main(void) {
    for (;;) {
        char *p = malloc(64);
        if (p) memset(p, 1, 64);
    }
}
