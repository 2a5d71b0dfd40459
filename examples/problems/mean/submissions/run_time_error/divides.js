const words = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).map(Number);
const sum = words.slice(1).reduce((sum, number) => sum + number, 0);
if (sum === 0) throw new Error("nothing to divide");
console.log(sum / words[0]);
