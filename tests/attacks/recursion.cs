// expect: error or memory_limit or timeout
// limits: {"memory_mb": 128, "time_ms": 3000}
// A stack without end, in frames that catch what ends it.
using System;
class P {
    static long Deeper(long n) {
        try { return Deeper(n + 1) + 1; } catch (StackOverflowException) { return Deeper(n); }
    }
    static void Main() { Console.WriteLine(Deeper(0)); }
}
