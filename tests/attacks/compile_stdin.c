// expect: compile_error
// limits: {"compile_ms": 3000}
// The compiler waits for somebody to type, or gets what was meant for another.
#include "/dev/stdin"
#include "/proc/self/fd/0"
#error it went on
int main(void) { return 0; }
