// expect: timeout
// limits: {"time_ms": 400}
// It has ended, says its author.
#include <stdlib.h>
static void go_on(void) {
    for (volatile long n = 0;; n++) {}
}
int main(void) {
    atexit(go_on);
    return 0;
}
