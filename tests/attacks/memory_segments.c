// expect: memory_limit or error
// limits: {"memory_mb": 48}
// System V segments, each let go as soon as it is full.
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
int main(void) {
    for (int n = 0; n < 500; n++) {
        int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
        char *p = id < 0 ? (char *)-1 : shmat(id, 0, 0);
        if (p == (char *)-1) return 1;
        memset(p, 1, 1 << 20);
        shmdt(p);
    }
    puts("WORKED");
    return 0;
}
