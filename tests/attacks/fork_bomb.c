// expect: success
// holds: stopped in time
// limits: {"processes": 20}
// Forks until it is refused, and counts how often it was not.
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
    puts(count >= 10 && count < 20 ? "stopped in time" : "WORKED");
    return 0;
}
