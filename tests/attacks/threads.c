// expect: success
// holds: stopped in time
// limits: {"processes": 20}
// Threads are processes to whoever counts.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *sleeper(void *unused) {
    for (;;) pause();
    return unused;
}
int main(void) {
    int count = 0;
    pthread_t thread;
    while (count < 10000 && pthread_create(&thread, 0, sleeper, 0) == 0) count++;
    puts(count >= 5 && count < 20 ? "stopped in time" : "WORKED");
    return 0;
}
