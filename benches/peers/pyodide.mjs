// Runs a Python file in Pyodide; says on stderr what CPU time the file itself took, without the start.
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const source = readFileSync(process.argv[2], "utf8");
const pyodide = await loadPyodide();
const begin = process.cpuUsage();
pyodide.runPython(source);
const { user, system } = process.cpuUsage(begin);
console.error("cpu_ms", (user + system) / 1000);
