// expect: success
// holds: done
// tests: 2
// Folders as deep and names as long as the kernel lets them be: no path reaches the last one, and whoever cleans up must.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    char name[256];
    memset(name, 'x', 255);
    name[255] = 0;
    int depth = 0;
    while (depth < 500 && mkdir(name, 0700) == 0 && chdir(name) == 0) depth++;
    memset(name, '\n', 255);
    symlink(name, "line\nbreak");
    fprintf(stderr, depth == 500 ? "done\n" : "only %d\n", depth);
    printf("well");
    return 0;
}
