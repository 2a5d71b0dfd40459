// expect: success
// limits: {"files_mb": 16, "time_ms": 20000}
// holds: /box/work: ENOSPC within 16 MB
// holds: /tmp: ENOSPC within 16 MB
// holds: /dev/shm: ENOSPC within 1 MB
// holds: /: refused
// holds: /etc: refused
// holds: /usr: refused
// holds: /runnel: refused
// holds: /box/bin: refused
// Writes until it is refused, everywhere.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static char block[1 << 16];
static void fill(const char *folder, long most_mb) {
    char path[200];
    long total = 0;
    for (int i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "%s/filler%d", folder, i);
        int file = open(path, O_CREAT | O_WRONLY, 0600);
        if (file < 0) {
            if (total == 0) {
                printf("%s: refused\n", folder);
                return;
            }
            break;
        }
        // Below the limit for one file, which ends a program by a signal.
        for (int n = 0; n < 16; n++) {
            long wrote = write(file, block, sizeof block);
            if (wrote > 0) total += wrote;
            if (wrote < (long)sizeof block) {
                printf("%s: %s within %ld MB\n", folder, errno == ENOSPC ? "ENOSPC" : "?", total <= most_mb << 20 ? most_mb : total >> 20);
                return;
            }
        }
        close(file);
    }
    printf("%s: %ld MB written\n", folder, total >> 20);
}
int main(void) {
    fill("/", 0);
    fill("/etc", 0);
    fill("/usr", 0);
    fill("/var/tmp", 0);
    fill("/runnel", 0);
    fill("/box/bin", 0);
    fill("/dev/shm", 1);
    fill("/box/work", 16);
    fill("/tmp", 16);
    return 0;
}
