const words = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).map(Number);
const [n, ...numbers] = words;
console.log((numbers.reduce((sum, number) => sum + number, 0) / n).toFixed(8));
