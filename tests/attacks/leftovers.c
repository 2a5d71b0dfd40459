// expect: success
// holds: found 0
// Counts what an earlier run of this program left, and leaves the same.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>
int main(void) {
    int found = 0, left = 0;
    const char *files[] = {"/tmp/secret", "/dev/shm/secret", "/box/work/secret"};
    for (int i = 0; i < 3; i++) {
        found += access(files[i], F_OK) == 0;
        int file = open(files[i], O_CREAT | O_WRONLY, 0666);
        left += file >= 0 && write(file, "x", 1) == 1;
    }
    found += shmget(77, 1, 0) >= 0;
    left += shmget(77, 4096, IPC_CREAT | 0666) >= 0;
    found += msgget(77, 0) >= 0;
    left += msgget(77, IPC_CREAT | 0666) >= 0;
    found += semget(77, 1, 0) >= 0;
    left += semget(77, 1, IPC_CREAT | 0666) >= 0;
    printf("found %d\nleft %d\n", found, left);
    return 0;
}
