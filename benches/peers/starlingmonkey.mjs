// Runs a JavaScript file in StarlingMonkey; says on stderr what CPU time the file itself took.
import { readFileSync } from "node:fs";
import { run } from "./starling/starling.js";

const source = readFileSync(process.argv[2], "utf8");
const begin = process.cpuUsage();
run(source);
const { user, system } = process.cpuUsage(begin);
console.error("cpu_ms", (user + system) / 1000);
