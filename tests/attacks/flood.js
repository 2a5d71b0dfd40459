// expect: output_limit
// limits: {"output_kb": 100}
// Both pipes, by every door, and never lets go.
const fs = require("fs");
for (;;) { console.log("x".repeat(5000)); console.error("y"); try { fs.writeSync(1, "z"); process.stdout.write("w"); } catch { } }
