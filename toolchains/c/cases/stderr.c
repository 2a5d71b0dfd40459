#include <errno.h>
#include <stdio.h>

int main(void) {
    printf("result\n");
    fprintf(stderr, "step %d\n", 1);
    if (fopen("missing.txt", "r") == NULL) perror("missing.txt");
    return errno == ENOENT ? 0 : 1;
}
