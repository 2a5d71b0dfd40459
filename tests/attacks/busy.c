// expect: timeout
// message: CPU time
// limits: {"time_ms": 400}
int main(void) { for (volatile long i = 0;; i++) {} }
