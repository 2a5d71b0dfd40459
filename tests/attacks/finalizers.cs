// expect: timeout
// limits: {"time_ms": 500, "wall_ms": 3000}
// Objects that come back to life when they are let go, and an exit that waits for them.
using System;
class P {
    ~P() { new P(); for (;;) {} }
    static void Make() { new P(); }
    static void Main() {
        AppDomain.CurrentDomain.ProcessExit += (sender, args) => { for (;;) {} };
        Make();
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
