// The table of builtin modules, by the name that require() and import know them by.

import path from 'path-browserify';
import punycode from 'punycode/punycode.js';
import { StringDecoder } from 'string_decoder/lib/string_decoder.js';
import asyncHooks from './async-hooks.js';
import assert, { strict } from './assert.js';
import buffer from './buffer.js';
import crypto from './crypto.js';
import events from './events.js';
import fs from './fs.js';
import { constants as fsConstants } from './fs-common.js';
import process from './process-object.js';
import querystring from './querystring.js';
import readline, { promises as readlinePromises } from './readline.js';
import stream, { consumers, promises as streamPromises } from './stream.js';
import url from './url.js';
import util from './util.js';
import types from './util-types.js';
import zlib from './zlib.js';
import {
  os,
  perfHooks,
  timersModule,
  timersPromises,
  tty,
  unavailableModules,
  v8,
  vm,
  workerThreads,
} from './small-modules.js';
import diagnosticsChannel from './diagnostics-channel.js';
import test from './test-runner.js';

path.posix = path;
path.win32 ??= path;
path.toNamespacedPath ??= (name) => name;

export const builtins = {
  'assert': assert,
  'assert/strict': strict,
  'async_hooks': asyncHooks,
  'buffer': buffer,
  'console': undefined,
  'constants': { ...os.constants.errno, ...os.constants.signals, ...fsConstants },
  'crypto': crypto,
  'diagnostics_channel': diagnosticsChannel,
  'domain': {
    create: () => {
      throw new Error('domain is not available in the sandbox');
    },
  },
  'events': events,
  'fs': fs,
  'fs/promises': fs.promises,
  'module': undefined,
  'os': os,
  'path': path,
  'path/posix': path,
  'path/win32': path,
  'perf_hooks': perfHooks,
  'process': process,
  'punycode': punycode,
  'querystring': querystring,
  'readline': readline,
  'readline/promises': readlinePromises,
  'stream': stream,
  'stream/consumers': consumers,
  'stream/promises': streamPromises,
  'string_decoder': { StringDecoder },
  'sys': util,
  'test': test,
  'timers': timersModule,
  'timers/promises': timersPromises,
  'tty': tty,
  'url': url,
  'util': util,
  'util/types': types,
  'v8': v8,
  'vm': vm,
  'worker_threads': workerThreads,
  'zlib': zlib,
  ...unavailableModules,
};
