// C17 with GNU's extensions, threads, and 64-bit types.
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <threads.h>

_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "64 bit");

#define NAME(x) _Generic((x), int: "int", double: "double", char *: "text")

static atomic_int total;

static int work(void *n) {
    for (int i = 0; i < 1000; i++) total += *(int *)n;
    return 0;
}

int main(void) {
    thrd_t threads[4];
    int parts[4] = {[1] = 1, [3] = 3};
    for (int i = 0; i < 4; i++) thrd_create(&threads[i], work, &parts[i]);
    for (int i = 0; i < 4; i++) thrd_join(threads[i], NULL);
    printf("%d %s %s\n", total, NAME(1.5), NAME("x"));
    __int128 big = (__int128)INT64_MAX * 4;
    printf("%d\n", (int)(big >> 64));
    int add(int x) { return x + parts[3]; }
    printf("%d %ld\n", add(0b101), __STDC_VERSION__);
}
