// expect: success
// holds: stopped in time
// limits: {"time_ms": 20000}
// Empty files without end, in folders too.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    const char *places[] = {"/box/work", "/tmp"};
    int stopped = 0;
    for (int p = 0; p < 2; p++)
        for (long i = 0; i < 200000; i++) {
            char path[100];
            snprintf(path, sizeof path, "%s/d%ld", places[p], i);
            if (mkdir(path, 0700) < 0) {
                stopped++;
                break;
            }
        }
    puts(stopped == 2 ? "stopped in time" : "not stopped");
    return 0;
}
