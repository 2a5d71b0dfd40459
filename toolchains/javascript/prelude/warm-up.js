// Runs what nearly every program runs, before the snapshot is taken, so that a program finds it done: the engine makes
// many of its own objects only when they are first used. More than this was tried and made starting slower: what it
// leaves behind spreads a program's start over more pages, each of which costs a page fault.

import native from './native.js';
import { format } from './inspect.js';

export function warmUp() {
  format('%s', { a: [1, 'two', null], b: new Map([[1, new Set([2])]]) });
  native.evaluate('(function (exports, require, module) {\nlet x = 1; })', '/box/warm-up.js', 0);
}
