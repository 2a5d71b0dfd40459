// expect: success
// holds: done
// Writes past its pipes: to a terminal, to the agent's output, into somebody's input.
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
int main(void) {
    const char *places[] = {"/dev/tty", "/dev/console", "/dev/tty0", "/dev/kmsg", "/dev/pts/0", "/proc/1/fd/1", "/proc/1/fd/2", "/proc/kmsg", "/proc/sysrq-trigger"};
    for (int n = 0; n < 9; n++) {
        int file = open(places[n], O_WRONLY);
        if (file >= 0) printf("WORKED: %s\n", places[n]);
    }
    char letter = 'x';
    for (int n = 0; n < 3; n++)
        if (ioctl(n, TIOCSTI, &letter) == 0) puts("WORKED: typing");
    puts("done");
    return 0;
}
