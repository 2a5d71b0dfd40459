// expect: timeout
// limits: {"time_ms": 400}
// Whatever is thrown at it, it goes on.
process.on("uncaughtException", () => {});
process.on("exit", () => { for (;;); });
function again() {
    for (;;) {
        try { for (;;) null.x; } catch { continue; } finally { continue; }
    }
}
again();
