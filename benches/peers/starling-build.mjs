// Makes a component of StarlingMonkey that evaluates what it is given.
import { writeFileSync } from "node:fs";
import { componentize } from "@bytecodealliance/componentize-js";

const { component } = await componentize("export function run(source) { (0, eval)(source); }", {
  witWorld: "package peer:starling; world starling { export run: func(source: string); }",
  disableFeatures: ["http", "fetch-event"],
});
writeFileSync("starling.wasm", component);
