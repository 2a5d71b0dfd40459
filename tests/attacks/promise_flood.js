// expect: timeout or memory_limit
// limits: {"time_ms": 400, "memory_mb": 96}
// A queue that grows while it is worked off.
const again = () => { Promise.resolve().then(again); queueMicrotask(again); };
again();
