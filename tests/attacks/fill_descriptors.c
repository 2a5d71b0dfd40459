// expect: success
// holds: stopped in time
// Descriptors, watches, timers and locks without end: each has a bound of its own.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>
int main(void) {
    long files = 0, watches = 0, timers = 0;
    while (files < 100000 && eventfd(0, 0) >= 0) files++;
    close(500);
    int watcher = inotify_init();
    for (; watcher >= 0 && watches < 100; watches++) inotify_add_watch(watcher, "/tmp", IN_ALL_EVENTS);
    struct sigevent silent = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    while (timers < 200000 && timer_create(CLOCK_MONOTONIC, &silent, &timer) == 0) timers++;
    puts(files < 1024 && timers < 200000 ? "stopped in time" : "WORKED");
    return 0;
}
