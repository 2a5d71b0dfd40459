#include <stdio.h>
#include <signal.h>
int main(void) {
    signal(SIGPIPE, SIG_IGN);
    for (;;) { puts("out"); fputs("err\n", stderr); }
}
