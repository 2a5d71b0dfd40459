// expect: memory_limit or error
// limits: {"memory_mb": 64}
// One allocation that is larger than anything, and then many that are not.
for (const size of [2 ** 53, 2 ** 40, 2 ** 32, 2 ** 31, 2 ** 30]) {
    try { Buffer.alloc(size); console.log("WORKED", size); } catch { }
    try { new ArrayBuffer(size); console.log("WORKED", size); } catch { }
    try { "x".repeat(size); console.log("WORKED", size); } catch { }
}
const kept = [];
for (;;) kept.push(Buffer.alloc(1 << 20, 1));
