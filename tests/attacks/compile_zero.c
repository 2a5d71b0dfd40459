// expect: compile_error
// limits: {"compile_ms": 3000}
// A source that never ends.
#include "/dev/zero"
int main(void) { return 0; }
