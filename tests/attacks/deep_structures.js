// expect: success or error or memory_limit or timeout
// limits: {"time_ms": 3000, "memory_mb": 256}
// Depth in what recurses by itself: parsing, printing, cloning, comparing, destroying.
const attempts = [
    () => eval("[".repeat(1e5)), () => JSON.parse("[".repeat(1e6)), () => new Function("(".repeat(1e5)),
    () => new RegExp("(".repeat(1e5) + ")".repeat(1e5)), () => eval("-".repeat(1e5) + "1"),
    () => { let x = []; for (let n = 0; n < 1e5; n++) x = [x]; structuredClone(x); },
    () => { let x = {}; for (let n = 0; n < 1e5; n++) x = { x }; require("util").inspect(x, { depth: Infinity }); },
    () => { let x = () => 1; for (let n = 0; n < 1e5; n++) { const y = x; x = () => y(); } x(); },
    () => { let x = new Proxy({}, {}); for (let n = 0; n < 1e5; n++) x = new Proxy(x, {}); x.y; },
];
for (const attempt of attempts) {
    try { attempt(); } catch (fault) { console.log(fault?.constructor?.name); }
}
