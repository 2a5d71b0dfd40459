// expect: timeout or memory_limit
// limits: {"time_ms": 400, "memory_mb": 96}
// Timers that make timers.
const again = () => { setTimeout(again, 0); setImmediate(again); setInterval(again, 1); process.nextTick(again); };
again();
