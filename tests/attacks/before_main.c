// expect: success
// holds: main
// What runs before and after `main` has no more rights than it, and no longer to live.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void look(void) {
    if (getuid() < 20000 || geteuid() != getuid() || access("/etc/shadow", R_OK) == 0) puts("WORKED");
}
__attribute__((constructor(101))) static void before(void) { look(); }
__attribute__((destructor)) static void after(void) { look(); }
int main(void) {
    atexit(look);
    puts("main");
    return 0;
}
