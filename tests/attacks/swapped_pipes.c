// expect: output_limit or error
// limits: {"output_kb": 100}
// Its pipes are its own to change: larger, without waiting, written by many. They are counted where they are read.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
static char block[1 << 16];
int main(void) {
    signal(SIGPIPE, SIG_IGN);
    fcntl(1, F_SETPIPE_SZ, 1 << 20);
    fcntl(1, F_SETFL, O_NONBLOCK);
    dup2(2, 0);
    for (int n = 0; n < 4; n++)
        if (fork() == 0) break;
    for (;;) {
        write(1, block, sizeof block);
        write(0, block, sizeof block);
    }
}
