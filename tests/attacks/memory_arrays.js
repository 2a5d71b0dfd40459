// expect: memory_limit
// limits: {"memory_mb": 64}
// Catches the want of memory, if it can.
const kept = [];
for (;;) {
    try { kept.push(new Array(1000).fill(kept)); } catch { }
}
