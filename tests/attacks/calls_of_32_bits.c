// expect: error
// lacks: alive
// System calls with the numbers and arguments of another architecture, which a filter might not know. 20 is getpid.
#include <stdio.h>
int main(void) {
    int process = 20;
    __asm__ volatile("int $0x80" : "+a"(process));
    printf("alive %d\n", process);
    return 0;
}
