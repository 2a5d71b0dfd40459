// The prelude's entry: it fills in the globals, and gives the native side what it calls. All of this runs once, before
// the snapshot; of what a program needs, only main() itself runs each time.

import native from './native.js';
import './globals.js';
import './json.js';
import './locale.js';
import process from './process-object.js';
import { startClock } from './performance.js';
import './event-target.js';
import './encoding.js';
import './url.js';
import './structured-clone.js';
import { defineGlobal } from './globals.js';
import * as timers from './timers.js';
import { queueMicrotask, trackRejection } from './ticks.js';
import { makeGlobalConsole } from './console.js';
import { directOutput } from './stdio.js';
import { builtins } from './builtins.js';
import './process.js';
import { Module, moduleHooks } from './modules.js';
import { MessageChannel, MessageEvent, MessagePort } from './small-modules.js';
import { unavailable } from './node-errors.js';
import { runProgram } from './lifecycle.js';
import { setStartTime } from './process-object.js';
import { restoreNames } from './restore-names.js';
import { warmUp } from './warm-up.js';

for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']) {
  defineGlobal(name, timers[name]);
}
defineGlobal('queueMicrotask', queueMicrotask);
defineGlobal('MessageChannel', MessageChannel);
defineGlobal('MessagePort', MessagePort);
defineGlobal('MessageEvent', MessageEvent);
defineGlobal('navigator', {
  hardwareConcurrency: 1,
  language: 'en-US',
  languages: ['en-US'],
  platform: 'linux',
  userAgent: 'Node.js/22',
});
defineGlobal('fetch', function fetch() {
  return Promise.reject(unavailable('fetch'));
});

builtins.console = makeGlobalConsole(directOutput(1), directOutput(2));
builtins.module = Module;
Module.builtinModules = Object.keys(builtins).filter((name) => name !== 'test');

function main(path, source, args, env) {
  setStartTime(startClock());
  process.argv = [process.execPath, path, ...args];
  process.env = env;
  return runProgram(path, source);
}

restoreNames();
native.setHooks(
  main,
  moduleHooks.resolveHook,
  moduleHooks.loadHook,
  moduleHooks.exportsHook,
  moduleHooks.metaHook,
  trackRejection,
);
warmUp();
