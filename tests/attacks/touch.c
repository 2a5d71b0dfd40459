// expect: success
// args: ["30"]
// Touches as many megabytes as its argument says.
#include <stdlib.h>
int main(int count, char **args) {
    size_t size = (size_t)atoi(args[1]) << 20;
    volatile char *p = malloc(size);
    for (size_t i = 0; i < size; i += 4096) p[i] = 1;
    return p[0] != 1;
}
