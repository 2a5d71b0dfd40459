// Builtin modules that are little more than a list: os, perf_hooks, worker_threads, v8, tty, vm, timers.

import native from './native.js';
import { EventEmitter } from './events.js';
import { Event, EventTarget } from './event-target.js';
import { AbortError, errnoConstants, invalidArgType, unavailable } from './node-errors.js';
import { languageGlobals } from './globals.js';
import * as timers from './timers.js';
import { perfHooks } from './performance.js';
import { Readable, Writable } from './stream.js';

export { perfHooks };

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 };

export const os = {
  EOL: '\n',
  devNull: '/dev/null',
  constants: { errno: errnoConstants, signals: SIGNALS, priority: {} },
  arch: () => 'x64',
  availableParallelism: () => 1,
  cpus: () => [{ model: 'WebAssembly', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  endianness: () => 'LE',
  freemem: () => Math.max(0, 2 ** 32 - native.memoryBytes()),
  getPriority: () => 0,
  homedir: () => process.env.HOME ?? '/box',
  hostname: () => 'localhost',
  loadavg: () => [0, 0, 0],
  machine: () => 'x86_64',
  networkInterfaces: () => ({}),
  platform: () => 'linux',
  release: () => '6.0.0',
  setPriority() {},
  tmpdir: () => process.env.TMPDIR ?? '/tmp',
  totalmem: () => 2 ** 32,
  type: () => 'Linux',
  uptime: () => native.now() / 1000,
  userInfo: () => ({ uid: 1000, gid: 1000, username: process.env.USER ?? 'user', homedir: os.homedir(), shell: null }),
  version: () => '#1 SMP',
};

export const timersModule = {
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  setImmediate: timers.setImmediate,
  clearTimeout: timers.clearTimeout,
  clearInterval: timers.clearInterval,
  clearImmediate: timers.clearImmediate,
};

/** A promise for a timer, which a signal can end early. */
function timerPromise(start, stop, value, { signal, ref = true } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortError(undefined, { cause: signal.reason }));
      return;
    }
    const timer = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    if (!ref) timer.unref();
    function onAbort() {
      stop(timer);
      reject(new AbortError(undefined, { cause: signal.reason }));
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const timersPromises = {
  setTimeout: (delay, value, options) =>
    timerPromise((done) => timers.setTimeout(done, delay), timers.clearTimeout, value, options),
  setImmediate: (value, options) =>
    timerPromise((done) => timers.setImmediate(done), timers.clearImmediate, value, options),
  async *setInterval(delay, value, options = {}) {
    const ticks = [];
    let wake = null;
    const timer = timers.setInterval(() => {
      ticks.push(value);
      wake?.();
    }, delay);
    if (options.ref === false) timer.unref();
    const onAbort = () => wake?.();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (options.signal?.aborted) throw new AbortError(undefined, { cause: options.signal.reason });
        if (ticks.length) yield ticks.shift();
        else
          await new Promise((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      timers.clearInterval(timer);
    }
  },
};
timersPromises.scheduler = {
  wait: (delay, options) => timersPromises.setTimeout(delay, undefined, options),
  yield: () => timersPromises.setImmediate(),
};
timersModule.promises = timersPromises;

const promisifyCustom = Symbol.for('nodejs.util.promisify.custom');
timers.setTimeout[promisifyCustom] = timersPromises.setTimeout;
timers.setImmediate[promisifyCustom] = timersPromises.setImmediate;
for (const name of ['setTimeout', 'setImmediate']) {
  Object.defineProperty(timers[name], promisifyCustom, { enumerable: false });
}

// Channels work within the one thread.

export class MessagePort extends EventTarget {
  #other = null;
  #queue = [];
  #isStarted = false;
  #listeners = new EventEmitter();

  connect(other) {
    this.#other = other;
  }

  postMessage(message) {
    const copy = structuredClone(message);
    timers.setImmediate(() => this.#other?.receive(copy));
  }

  receive(message) {
    if (!this.#isStarted) {
      this.#queue.push(message);
      return;
    }
    const event = new MessageEvent('message', { data: message });
    this.dispatchEvent(event);
    this.#listeners.emit('message', message);
  }

  on(type, listener) {
    this.#listeners.on(type, listener);
    if (type === 'message') this.start();
    return this;
  }

  once(type, listener) {
    this.#listeners.once(type, listener);
    if (type === 'message') this.start();
    return this;
  }

  off(type, listener) {
    this.#listeners.off(type, listener);
    return this;
  }

  set onmessage(listener) {
    this.addEventListener('message', listener);
    this.start();
  }

  start() {
    this.#isStarted = true;
    for (const message of this.#queue.splice(0)) this.receive(message);
  }

  close() {
    this.#other = null;
    this.#listeners.emit('close');
  }

  ref() {}
  unref() {}
}

export class MessageEvent extends Event {
  #data;

  constructor(type, options = {}) {
    super(type, options);
    this.#data = options.data;
  }

  get data() {
    return this.#data;
  }
}

export class MessageChannel {
  constructor() {
    this.port1 = new MessagePort();
    this.port2 = new MessagePort();
    this.port1.connect(this.port2);
    this.port2.connect(this.port1);
  }
}

export const workerThreads = {
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
  SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
  MessageChannel,
  MessagePort,
  Worker: class Worker {
    constructor() {
      throw unavailable('worker_threads.Worker');
    }
  },
  BroadcastChannel: class BroadcastChannel extends EventTarget {
    constructor(name) {
      super();
      this.name = `${name}`;
    }

    postMessage() {}
    close() {}
  },
  markAsUntransferable() {},
  moveMessagePortToContext(port) {
    return port;
  },
  receiveMessageOnPort: () => undefined,
  setEnvironmentData() {},
  getEnvironmentData: () => undefined,
};

export const v8 = {
  getHeapStatistics: () => {
    const total = native.memoryBytes();
    return {
      total_heap_size: total,
      total_heap_size_executable: 0,
      total_physical_size: total,
      total_available_size: 2 ** 32 - total,
      used_heap_size: native.heapBytes(),
      heap_size_limit: 2 ** 32,
      malloced_memory: 0,
      peak_malloced_memory: 0,
      does_zap_garbage: 0,
      number_of_native_contexts: 1,
      number_of_detached_contexts: 0,
    };
  },
  getHeapSpaceStatistics: () => [],
  setFlagsFromString() {},
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (buffer) => JSON.parse(Buffer.from(buffer).toString()),
  cachedDataVersionTag: () => 0,
};

export const tty = {
  isatty: () => false,
  ReadStream: class ReadStream extends Readable {},
  WriteStream: class WriteStream extends Writable {},
};

/**
 * Runs code with a context's properties as its globals. There is one realm only, so this is a scope and no wall: the
 * names of the host are hidden, the language's own objects are shared.
 */
function runInContext(code, context) {
  let isStarting = true;
  const scope = new Proxy(context, {
    has: () => true,
    get(target, key) {
      if (key === Symbol.unscopables) return undefined;
      if (isStarting && key === 'code') {
        isStarting = false;
        return code;
      }
      if (key in target) return target[key];
      if (key === 'globalThis') return target;
      if (typeof key === 'string' && languageGlobals.has(key)) return globalThis[key];
      throw new ReferenceError(`${String(key)} is not defined`);
    },
  });
  return evaluateIn(scope);
}

/** Variables are declared outside of the scope, but every assignment goes through it. `code` comes from the scope. */
const evaluateIn = new Function('scope', 'with (scope) return eval(code);');

function runInThisContext(code, options) {
  const filename = typeof options === 'string' ? options : (options?.filename ?? 'evalmachine.<anonymous>');
  return native.evaluate(`${code}`, filename, 1);
}

const contexts = new WeakSet();

class Script {
  #code;
  #options;

  constructor(code, options) {
    this.#code = `${code}`;
    this.#options = options;
    // Only to report mistakes now rather than when it runs.
    native.evaluate(
      `(function () {${this.#code}\n})`,
      typeof options === 'string' ? options : (options?.filename ?? 'evalmachine.<anonymous>'),
      1,
    );
  }

  runInThisContext() {
    return runInThisContext(this.#code, this.#options);
  }
  runInContext(context) {
    return vm.runInContext(this.#code, context, this.#options);
  }
  runInNewContext(context = {}) {
    return vm.runInNewContext(this.#code, context, this.#options);
  }
  createCachedData() {
    return Buffer.alloc(0);
  }
}

export const vm = {
  Script,
  createContext(context = {}) {
    contexts.add(context);
    return context;
  },
  isContext(context) {
    if (context === null || typeof context !== 'object') throw invalidArgType('object', 'Object', context);
    return contexts.has(context);
  },
  runInThisContext,
  runInContext(code, context, options) {
    if (!contexts.has(context)) throw invalidArgType('contextifiedObject', 'vm.Context', context);
    return runInContext(`${code}`, context);
  },
  runInNewContext(code, context = {}, options = undefined) {
    return vm.runInContext(code, vm.createContext(context), options);
  },
  compileFunction(code, params = [], options = {}) {
    return native.evaluate(`(function (${params.join(', ')}) {\n${code}\n})`, options.filename ?? '', 0);
  },
};

/** A module of functions that all say that they cannot work here; classes and constants that only exist, do. */
function unavailableModule(name, functions, rest = {}) {
  const module = { ...rest };
  for (const each of functions) {
    module[each] = function () {
      throw unavailable(`${name}.${each}`);
    };
    Object.defineProperty(module[each], 'name', { value: each });
  }
  return module;
}

const STATUS_CODES = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  418: "I'm a Teapot",
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

export const unavailableModules = {
  child_process: unavailableModule('child_process', [
    'exec',
    'execSync',
    'execFile',
    'execFileSync',
    'spawn',
    'spawnSync',
    'fork',
  ]),
  cluster: unavailableModule('cluster', ['fork', 'setupPrimary'], {
    isMaster: true,
    isPrimary: true,
    isWorker: false,
    workers: {},
  }),
  dgram: unavailableModule('dgram', ['createSocket', 'Socket']),
  dns: unavailableModule('dns', ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse'], {
    promises: unavailableModule('dns.promises', ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse']),
  }),
  http: unavailableModule('http', ['createServer', 'request', 'get', 'Server', 'Agent', 'ClientRequest'], {
    STATUS_CODES,
    METHODS,
  }),
  http2: unavailableModule('http2', ['createServer', 'createSecureServer', 'connect']),
  https: unavailableModule('https', ['createServer', 'request', 'get', 'Server', 'Agent']),
  inspector: unavailableModule('inspector', ['open', 'Session'], { close() {}, url: () => undefined }),
  net: unavailableModule('net', ['createServer', 'createConnection', 'connect', 'Server', 'Socket'], {
    isIP: (text) =>
      /^(\d{1,3}\.){3}\d{1,3}$/.test(text) ? 4 : /^[0-9a-f:.]+$/i.test(text) && text.includes(':') ? 6 : 0,
    isIPv4: (text) => unavailableModules.net.isIP(text) === 4,
    isIPv6: (text) => unavailableModules.net.isIP(text) === 6,
  }),
  repl: unavailableModule('repl', ['start']),
  tls: unavailableModule('tls', ['createServer', 'connect', 'createSecureContext']),
};
unavailableModules['dns/promises'] = unavailableModules.dns.promises;
