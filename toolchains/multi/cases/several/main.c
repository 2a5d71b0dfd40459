#include <stdio.h>
#include "lib/area.h"

int main(void) {
    int width, height;
    if (scanf("%d %d", &width, &height) == 2) printf("%d\n", area(width, height));
}
