// expect: success
// tests: 3
// Each test leaves a word for the next one, and looks for one; no sandbox is used twice.
const fs = require("fs");
const mine = fs.readFileSync(0, "utf8");
if (!/^input \d$/.test(mine) || globalThis.word || fs.existsSync("/tmp/word") || fs.existsSync("word")) console.log("FOUND", mine);
for (const path of ["/tmp/word", "word"]) fs.writeFileSync(path, mine);
globalThis.word = Object.prototype.word = mine;
process.stdout.write("well");
