// expect: error or memory_limit
// limits: {"memory_mb": 64}
// Recursion without end.
static int deeper(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    return deeper(here) + here[1];
}
int main(void) {
    volatile char first[1] = {1};
    return deeper(first);
}
