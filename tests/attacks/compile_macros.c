// expect: compile_error
// limits: {"compile_ms": 3000}
// A line that becomes a billion.
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(x)))
#define C(x) B(B(B(x)))
int main(void) { C(;) }
