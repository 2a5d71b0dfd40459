// expect: compile_error
// limits: {"compile_ms": 3000}
// A small source of a program that has no end.
__asm__(".rept 1000000000\n.quad 1\n.endr");
int main(void) { return 0; }
