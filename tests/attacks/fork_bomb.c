// Forks until it is refused, and counts.
#include <stdio.h>
#include <unistd.h>
int main(void) {
    int count = 0;
    for (; count < 10000; count++) {
        pid_t child = fork();
        if (child == 0)
            for (;;) pause();
        if (child < 0) break;
    }
    printf("%d\n", count);
    return 0;
}
