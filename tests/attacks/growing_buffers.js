// expect: memory_limit or error
// limits: {"memory_mb": 64}
// Memory that is shared, resized, and seen through many views.
const kept = [];
for (;;) {
    const buffer = typeof SharedArrayBuffer === "function" ? new SharedArrayBuffer(1 << 20) : new ArrayBuffer(1 << 20);
    new Uint8Array(buffer).fill(1);
    kept.push(buffer, new DataView(buffer));
}
