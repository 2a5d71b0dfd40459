// expect: success
// holds: done
// tests: 2
// Names that lead elsewhere, left where the agent will write and clean up for the next test.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    unlink("main.c");
    int made = symlink("/etc/passwd", "main.c") == 0;
    made += symlink("/", "root") == 0;
    made += symlink("/proc/1/root", "/tmp/agent") == 0;
    made += symlink("loop", "loop") == 0;
    made += symlink("/box/bin", "/tmp/bin") == 0;
    made += mkfifo("pipe", 0666) == 0;
    made += mkdir("a", 0) == 0;
    // The agent is not to follow where a folder was a moment ago.
    rename("/box/work", "/tmp/moved");
    if (access("/etc/passwd", R_OK) != 0 || access("/bin/sh", X_OK) != 0) puts("WORKED: something is gone");
    fputs(made == 7 ? "done\n" : "not made\n", stderr);
    printf("well");
    return 0;
}
