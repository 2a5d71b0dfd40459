// expect: timeout or memory_limit or error
// limits: {"time_ms": 1000, "wall_ms": 5000, "memory_mb": 96}
// Threads without end, none of them in the background.
using System.Threading;
class P {
    static void Main() {
        for (;;) {
            var thread = new Thread(() => { for (;;) {} });
            thread.Start();
        }
    }
}
