// expect: output_limit
// limits: {"output_kb": 100}
#include <stdio.h>
#include <signal.h>
int main(void) {
    signal(SIGPIPE, SIG_IGN);
    for (;;) { puts("out"); fputs("err\n", stderr); }
}
