// expect: compile_error
// The same for the memory and the descriptors of whoever started the compiler.
__asm__(".incbin \"/proc/1/mem\"");
__asm__(".incbin \"/proc/1/fd/0\"");
int main(void) { return 0; }
