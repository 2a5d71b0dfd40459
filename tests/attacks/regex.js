// expect: timeout
// limits: {"time_ms": 400}
// A pattern that tries everything, in code that is not JavaScript.
for (;;) {
    try { /^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(200)); /(x+x+)+y/.test("x".repeat(200)); } catch { }
}
