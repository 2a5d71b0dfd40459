// expect: success or memory_limit
// limits: {"memory_mb": 48}
// The kernel's own memory: pipes and sockets, each filled to the brim and never read.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
static char block[1 << 16];
static long fill(int to) {
    long total = 0;
    fcntl(to, F_SETFL, O_NONBLOCK);
    for (long n; (n = write(to, block, sizeof block)) > 0;) total += n;
    return total;
}
int main(void) {
    long total = 0;
    int ends[2];
    while (pipe(ends) == 0) {
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
        total += fill(ends[1]);
    }
    for (int n = 0; n < 500; n++) close(n + 500);
    while (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) total += fill(ends[1]);
    puts(total < 200l << 20 ? "bounded" : "WORKED");
    return 0;
}
