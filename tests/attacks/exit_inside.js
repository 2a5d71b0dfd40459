// expect: error
// holds: before
// lacks: after
// Ends from inside of its own end.
process.on("exit", () => { process.exit(7); console.log("after"); });
process.on("beforeExit", () => console.log("after"));
console.log("before");
(async () => { try { process.exit(3); } finally { console.log("after"); } })();
