const lines = require("readline").createInterface({ input: process.stdin });
let [low, high] = [1, 1000];
const middle = () => Math.floor((low + high) / 2);
console.log(middle());
lines.on("line", (answer) => {
    if (answer === "correct") return lines.close();
    if (answer === "lower") high = middle() - 1;
    else low = middle() + 1;
    console.log(middle());
});
