import fs, { readFileSync } from 'node:fs';
import { EventEmitter } from 'events';
import * as path from 'path';
import def, { named, live, bump } from './lib.mjs';
import cjs, { alpha, beta } from './common.cjs';
import * as all from './common.cjs';
import data from './data.json' with { type: 'json' };
import { a } from './cycle-a.mjs';
import exported from 'pack';
import { createRequire } from 'node:module';

console.log(fs.readFileSync === readFileSync, typeof EventEmitter, path.basename('/x/y'));
console.log(def, named, live);
bump();
console.log(live);
console.log(cjs.alpha, alpha, beta, Object.keys(all).sort().filter((name) => name !== 'module.exports').join());
console.log(data, a(), exported);
console.log(import.meta.url.endsWith('/main.mjs'), import.meta.url.startsWith('file:///'), typeof import.meta.resolve);
console.log(import.meta.resolve('./lib.mjs').endsWith('/lib.mjs'), this, typeof require, typeof module);
const require2 = createRequire(import.meta.url);
console.log(require2('./common.cjs') === cjs);
const lazy = await import('./lazy.mjs');
console.log(lazy.default, lazy === await import('./lazy.mjs'), Object.prototype.toString.call(lazy));
for (const bad of ['./missing.mjs', './lib', 'no-such-package', './folder', 'https://x/y.js', './data.json', 'node:nope']) {
  try {
    await import(bad);
  } catch (error) {
    console.log(error.code, error.name);
  }
}
try {
  await import('./no-export.mjs');
} catch (error) {
  console.log(error.name);
}
const [x, y] = await Promise.all([import('./slow.mjs'), import('./slow.mjs')]);
console.log(x === y, x.value);
export {};
