// expect: output_limit
// limits: {"output_kb": 100}
#include <stdio.h>
int main(void) { for (;;) puts("flood"); }
