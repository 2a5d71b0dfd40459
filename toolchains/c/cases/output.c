// Much output by all sorts of calls, with pauses in which the onlooker writes (see flush.c): each byte comes once.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long sum;

static void count(const char *text) {
    for (; *text; text++) sum = sum * 31 + (unsigned char)*text;
}

int main(void) {
    char line[64];
    for (int i = 0; i < 1200; i++) {
        sprintf(line, "line %d\n", i);
        count(line);
        switch (i % 4) {
        case 0: printf("%s", line); break;
        case 1: fputs(line, stdout); break;
        case 2: for (char *c = line; *c; c++) putchar(*c); break;
        case 3: fwrite(line, 1, strlen(line), stdout); break;
        }
        if (i % 120 == 1) nanosleep(&(struct timespec){0, 30000000}, NULL);
    }
    fflush(stdout);
    if (fork() == 0) {
        printf("child\n");
        return 0;
    }
    wait(NULL);
    printf("%lu\n", sum);
    fclose(stdout);
    return printf("lost") < 0 ? 0 : 1;
}
