// expect: timeout
// limits: {"time_ms": 400}
// Every limit that comes as a signal is ignored; timers fire all the time.
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
static void nothing(int unused) { (void)unused; }
int main(void) {
    for (int s = 1; s < 65; s++) signal(s, nothing);
    setrlimit(RLIMIT_CPU, &(struct rlimit){1, 1});
    for (int which = 0; which < 3; which++) setitimer(which, &(struct itimerval){{0, 100}, {0, 100}}, 0);
    for (volatile long n = 0;; n++) {}
}
