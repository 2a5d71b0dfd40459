// Runs a JavaScript file in QuickJS compiled by emscripten; says on stderr what CPU time the file itself took.
import { readFileSync } from "node:fs";
import { getQuickJS } from "quickjs-emscripten";

const source = readFileSync(process.argv[2], "utf8");
const context = (await getQuickJS()).newContext();
const log = context.newFunction("log", (...values) => console.log(...values.map((value) => context.dump(value))));
const console_ = context.newObject();
context.setProp(console_, "log", log);
context.setProp(context.global, "console", console_);
const begin = process.cpuUsage();
context.unwrapResult(context.evalCode(source)).dispose();
const { user, system } = process.cpuUsage(begin);
console.error("cpu_ms", (user + system) / 1000);
