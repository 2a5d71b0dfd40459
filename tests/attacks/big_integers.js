// expect: timeout or memory_limit or error
// limits: {"time_ms": 400, "memory_mb": 96}
// Inside one operation.
let x = 3n ** 100000n;
for (;;) x = x * x;
