// expect: success or error or timeout
// limits: {"time_ms": 1000, "wall_ms": 1500}
// Waits for somebody who can't come.
const shared = new Int32Array(new SharedArrayBuffer(4));
Atomics.wait(shared, 0, 0);
