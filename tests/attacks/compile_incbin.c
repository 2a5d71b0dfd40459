// expect: compile_error
// The assembler reads files too, with the compiler's rights.
#include <stdio.h>
__asm__(".section .rodata\n.globl secret\nsecret: .incbin \"/etc/shadow\"\n.byte 0\n.previous");
extern const char secret[];
int main(void) { printf("WORKED: %s\n", secret); }
