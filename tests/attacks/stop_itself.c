// expect: timeout
// message: wall time
// limits: {"wall_ms": 700}
#include <signal.h>
int main(void) {
    for (;;) raise(SIGSTOP);
}
