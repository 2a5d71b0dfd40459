// The main program of the sandbox that the solution runs in: loads its modules and serves the calls of the tests.
//
//     solution_host.js FILE...        the solution's files, relative to this one
//
// Standard input and output belong to the link. The solution has an empty standard input, and prints to standard error.
// Nothing here decides about a test: a solution that takes this file apart only stops answering.
'use strict';

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { Readable } = require('stream');
const { isModuleNamespaceObject } = require('util').types;
const { Decoder } = require('./runnel_codec.js');
const { Link, LinkEnded } = require('./runnel_link.js');

const link = new Link('');
const { setTimeout: sleep } = globalThis;
const { exit } = process;

function takeStreams() {
  const { stdout, stderr } = process;
  stdout.write = stderr.write.bind(stderr);
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([]) });
  const { readFileSync, readSync } = fs;
  const isInput = (file) => file === 0 || file === '/dev/stdin';
  fs.readSync = (file, ...rest) => (isInput(file) ? 0 : readSync(file, ...rest));
  fs.readFileSync = (file, options) => {
    if (!isInput(file)) return readFileSync(file, options);
    return typeof options === 'string' || options?.encoding ? '' : Buffer.alloc(0);
  };
}

/** The exports of a file, whether it is an ES module, and the names that it exports. */
async function load(file) {
  const full = path.resolve(__dirname, file);
  let exports;
  try {
    exports = require(full);
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    exports = await import(pathToFileURL(full).href);
  }
  const isObject = exports !== null && (typeof exports === 'object' || typeof exports === 'function');
  return {
    exports: link.asHandle(exports),
    isModule: isModuleNamespaceObject(exports),
    names: isObject ? Object.keys(exports) : [],
  };
}

/** Lets the event loop turn, for so long or until a promise of ours is over. */
function turn(ms) {
  return new Promise((resolve) => {
    link.onSettled = resolve;
    if (link.settled.length > 0) setImmediate(resolve);
    else sleep(resolve, ms);
  });
}

async function serve() {
  for (;;) {
    const message = link.receive();
    if (message.q === 'load') {
      let answer;
      try {
        answer = { r: await load(`${message.v[0]}`) };
      } catch (error) {
        answer = { x: error };
      }
      link.answer(message.i, answer, []);
    } else if (message.q === 'pump') {
      link.hearSettled(new Decoder(link).decode(message.v[1]));
      await turn(Number(message.v[0]));
      link.onSettled = () => {};
      link.answer(message.i, { r: link.takeSettled() }, []);
    } else {
      link.serve(message);
    }
  }
}

const say = (error) => process.stderr.write(`${error?.stack ?? error}\n`);

takeStreams();
process.on('uncaughtException', (error) => (error instanceof LinkEnded ? exit(0) : say(error)));
process.on('unhandledRejection', say);
process.argv = process.argv.slice(0, 2);
serve().catch((error) => {
  if (!(error instanceof LinkEnded)) say(error);
  exit(error instanceof LinkEnded ? 0 : 1);
});
