// expect: memory_limit or error
// limits: {"memory_mb": 96}
// Catches OutOfMemoryException, and goes on.
using System;
using System.Collections.Generic;
class P {
    static void Main() {
        var all = new List<byte[]>();
        for (;;) {
            try {
                var piece = new byte[1 << 20];
                for (int n = 0; n < piece.Length; n += 4096) piece[n] = 1;
                all.Add(piece);
            } catch (OutOfMemoryException) { }
        }
    }
}
