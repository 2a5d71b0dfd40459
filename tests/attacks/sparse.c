// expect: success
// limits: {"files_mb": 16}
// holds: the file is as large as it may be
// A file that claims to be huge, and a map of it.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    signal(SIGXFSZ, SIG_IGN);
    int file = open("sparse", O_CREAT | O_RDWR, 0600);
    if (ftruncate(file, 1l << 40) == 0 || pwrite(file, "x", 1, 1l << 40) > 0) puts("WORKED");
    puts(ftruncate(file, 16 << 20) == 0 && ftruncate(file, (16 << 20) + 1) < 0 ? "the file is as large as it may be" : "WORKED");
    return 0;
}
