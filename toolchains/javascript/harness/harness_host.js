// The main program of the sandbox that the tests run in: runs a file of tests against a solution in another sandbox.
//
//     harness_host.js TESTS.js FILE...        the solution's files, named as solution_host.js gets them
//
// Standard input is what the solution's host writes. Standard output carries lines for it, which begin with `>`, and the
// report, in lines that begin with `#`. What the tests print goes to standard error. Ends with 0 if all tests were run,
// whatever their results, and with 1 if not.
//
// The files of the tests are loaded by the guest's own loader. So before they are, files are written beside them that stand
// for the solution's modules, and `assert` and `node:test` in them become modules of ours.
'use strict';

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const guard = require('./runnel_guard.js');
const { Link } = require('./runnel_link.js');
const { Report } = require('./harness_report.js');
const { wrapAsserts } = require('./harness_assert.js');
const { rewrite } = require('./harness_source.js');
const { Runner } = require('./harness_test.js');

const SHARED = Symbol.for('runnel.harness');
const ACCESS = "globalThis[Symbol.for('runnel.harness')]";
const SOURCE = /\.[cm]?js$/;
const OURS = /^(runnel_|harness_(host|report|assert|source|test)\b|solution_host)/;
const PUMP_MS = [0, 1, 2, 4];

const [tests, ...files] = process.argv.slice(2);
const link = new Link('>', guard.check);
const report = new Report(link, (error) => lineIn(error?.stack));
const runner = new Runner(report);
const pending = new Set();
let isOver = false;

async function main() {
  process.stdout.write = process.stderr.write.bind(process.stderr);
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, unexpected);
  const clash = files.find(isTaken);
  if (clash) return end(clash, 'error', `\`${clash}\` is a file of the tests and of the solution: one must be renamed`);
  const sources = sourcesIn(__dirname);
  lines = fs.readFileSync(path.join(__dirname, tests), 'utf8').split('\n');
  const { assert, strict, check } = wrapAsserts({ report, lineOfCall, isInTest: () => runner.isInTest, pending });
  globalThis[SHARED] = { 'assert': assert, 'assert/strict': strict, 'test': runner.module(), 'solution': {}, check };
  for (const name of ['assert', 'assert/strict', 'test']) writeOurs(name);
  for (const file of mentioned(sources)) {
    try {
      writeStub(file, link.request('load', file));
    } catch (error) {
      return end(`loading ${file}`, 'error', report.describe(error)[1]);
    }
  }
  for (const [file, text] of sources) {
    const changed = rewrite(text, (name, isRequired) => oursOf(name, isRequired ? 'cjs' : 'mjs'), `${ACCESS}.check`);
    if (changed !== text) fs.writeFileSync(file, changed);
  }
  pump();
  try {
    await import(pathToFileURL(path.join(__dirname, tests)).href);
  } catch (error) {
    const [number, text] = lineIn(error?.stack);
    return end(number ? `line ${number}: ${text}` : tests, 'error', report.describe(error)[1]);
  }
  await runner.finished;
  while (pending.size > 0) await [...pending][0];
  return end();
}

/** Whether the tests have a file that the module would stand before, when they ask for it without its ending. */
function isTaken(file) {
  const full = path.join(__dirname, file);
  const stem = full.replace(SOURCE, '').replace(/[/]index$/, '');
  return [full, stem, `${stem}.js`, `${stem}.cjs`, `${stem}.mjs`, `${stem}.json`].some(
    (each) => each !== __dirname && fs.existsSync(each),
  );
}

function end(name, status, message) {
  if (isOver) return;
  isOver = true;
  if (name !== undefined) report.record(name, status, message);
  report.done();
  process.exitCode = name === undefined && report.isComplete ? 0 : 1;
  process.exit();
}

process.on('exit', () => {
  if (!isOver) process.exitCode = 1;
});

function unexpected(error) {
  if (runner.isInTest) runner.unexpected ??= [error];
  else report.record('(uncaught)', 'error', report.describe(error)[1]);
}

/** While the tests wait, the event loop of the solution turns; each time nothing happened there, for longer. */
async function pump() {
  let idle = 0;
  while (!isOver && !link.whyEnded) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isOver || link.last === 0) continue;
    try {
      const settled = link.request('pump', PUMP_MS[idle], link.takeSettled());
      idle = settled.length > 0 ? 0 : Math.min(idle + 1, PUMP_MS.length - 1);
      link.hearSettled(settled);
    } catch {
      break; // it has ended, and whoever waits was told
    }
  }
}

// ----------------------------------------------------------------------------------------- files of the tests

function sourcesIn(folder) {
  const found = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') found.push(...sourcesIn(full));
    else if (SOURCE.test(entry.name) && !(folder === __dirname && OURS.test(entry.name)))
      found.push([full, fs.readFileSync(full, 'utf8')]);
  }
  return found;
}

/** The files of the solution that the tests name; all, if none is named. */
function mentioned(sources) {
  const modules = files.filter((file) => SOURCE.test(file));
  const found = modules.filter((file) => {
    const stem = path
      .basename(file)
      .replace(SOURCE, '')
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`['"\`][^'"\`\\n]*\\b${stem}(\\.[cm]?js)?['"\`]`);
    return sources.some(([, text]) => pattern.test(text));
  });
  return found.length > 0 ? found : modules;
}

function writeStub(file, { exports, isModule, names }) {
  globalThis[SHARED].solution[file] = exports;
  const access = `${ACCESS}.solution[${JSON.stringify(file)}]`;
  const full = path.join(__dirname, file);
  fs.mkdirSync(path.dirname(full), { recursive: true });
  fs.writeFileSync(
    full,
    isModule
      ? moduleText(access, names)
      : `0 && (module.exports = { ${names.filter(isName).join(', ')} });\nmodule.exports = ${access};\n`,
  );
}

function writeOurs(name) {
  const access = `${ACCESS}[${JSON.stringify(name)}]`;
  const names = Object.keys(globalThis[SHARED][name]).filter((each) => each !== 'default');
  fs.writeFileSync(oursOf(name, 'cjs'), `module.exports = ${access};\n`);
  fs.writeFileSync(oursOf(name, 'mjs'), `${moduleText(access, names)}export default exports;\n`);
}

const oursOf = (name, suffix) => path.join(__dirname, `runnel_${name.replace('/', '_')}.${suffix}`);
const isName = (name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);

function moduleText(access, names) {
  const lines = names
    .filter(isName)
    .map((name, index) => `const v${index} = exports.${name};\nexport { v${index} as ${name} };\n`);
  return `const exports = ${access};\n${lines.join('')}`;
}

// --------------------------------------------------------------------------------------- lines of the tests

let lines = [];

function lineIn(stack) {
  const name = tests.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const number = Number(new RegExp(`[/]${name}:(\\d+)`).exec(`${stack}`)?.[1] ?? 0);
  return [number, (lines[number - 1] ?? '').trim().replace(/;$/, '')];
}

function lineOfCall() {
  return lineIn(new Error().stack);
}

main().catch((error) => end('(harness)', 'error', report.describe(error)[1]));
