// Numbers by scanf, the rest by getchar.
#include <ctype.h>
#include <stdio.h>

int main(void) {
    int n;
    long long sum = 0;
    if (scanf("%d", &n) != 1) return 1;
    for (int i = 0; i < n; i++) {
        int x;
        if (scanf("%d", &x) != 1) return 2;
        sum += x;
    }
    printf("%lld\n", sum);
    for (int c; (c = getchar()) != EOF;)
        putchar(toupper(c));
}
