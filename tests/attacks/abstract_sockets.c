// expect: success
// holds: alone
// copies: 2
// Names that are no files: two programs at once must not meet by any of them.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <unistd.h>
int main(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0runnel-meeting"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&name, sizeof name) < 0 || listen(listener, 5) < 0) puts("FOUND: the name");
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons(4711)};
    int inet = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(inet, (struct sockaddr *)&port, sizeof port) < 0) puts("FOUND: the port");
    if (shmget(4711, 4096, IPC_CREAT | IPC_EXCL | 0666) < 0) puts("FOUND: the segment");
    if (semget(4711, 1, IPC_CREAT | IPC_EXCL | 0666) < 0) puts("FOUND: the semaphore");
    // Until the other one is here.
    sleep(2);
    puts("alone");
    return 0;
}
