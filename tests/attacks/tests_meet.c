// expect: success
// tests: 3
// Tests of one run share a container: each leaves a word for the next one, looks for one, and for the others' inputs.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static int found;
static void leave(const char *path) {
    found += access(path, F_OK) == 0;
    close(open(path, O_CREAT | O_RDWR, 0777));
}
int main(void) {
    char input[100] = {0};
    if (!fgets(input, sizeof input, stdin) || strlen(input) != 7) puts("FOUND: more input than its own");
    leave("/tmp/word");
    leave("/dev/shm/word");
    leave("/dev/mqueue/word");
    leave("word");
    leave(".word");
    found += shmget(7, 1, 0) >= 0 || semget(7, 1, 0) >= 0;
    shmget(7, 4096, IPC_CREAT | 0666);
    semget(7, 1, IPC_CREAT | 0666);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0word"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    found += bind(listener, (struct sockaddr *)&name, sizeof name) < 0;
    DIR *all = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(all));)
        if (atoi(entry->d_name) > 1 && atoi(entry->d_name) != getpid()) {
            // The onlooker that shows output early is a thread or a process of this very program.
            char path[64], line[256] = {0};
            snprintf(path, sizeof path, "/proc/%d/environ", atoi(entry->d_name));
            int file = open(path, O_RDONLY);
            if (file >= 0 && read(file, line, 255) > 0 && strstr(line, "word")) found++;
        }
    setenv("word", "word", 1);
    if (fork() == 0) {
        setsid();
        for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
        if (fork()) _exit(0);
        execl("/bin/sleep", "sleep", "100", (char *)0);
    }
    if (rename("/box/bin/main", "/box/bin/other") == 0 || unlink("/box/bin/main") == 0 || open("/box/bin/main", O_WRONLY) >= 0) found++;
    if (found) printf("FOUND %d\n", found);
    printf("well");
    return 0;
}
