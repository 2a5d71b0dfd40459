// The process object without its streams, which process.js adds: other parts and packages need it while they load.

import native from './native.js';
import { EventEmitter } from './events.js';
import { defineGlobal } from './globals.js';
import { nextTick } from './ticks.js';
import { checkString, codedError, invalidArgType, outOfRange, systemErrorByName } from './node-errors.js';

export const NODE_VERSION = '22.12.0';

function process() {}
Object.defineProperty(process, 'name', { value: 'process' });
const object = Object.create(
  Object.create(EventEmitter.prototype, {
    constructor: { value: process, configurable: true, writable: true, enumerable: false },
  }),
);
EventEmitter.call(object);

let workingDirectory = '/box';
let startTime = 0;
let exitCode;
let umask = 0o022;

export function setStartTime(milliseconds) {
  startTime = milliseconds;
}

function hrtime(previous) {
  const now = native.nowNanoseconds();
  let seconds = Number(now / 1_000_000_000n);
  let nanoseconds = Number(now % 1_000_000_000n);
  if (previous !== undefined) {
    if (!Array.isArray(previous)) throw invalidArgType('time', 'Array', previous);
    if (previous.length !== 2) throw outOfRange('time', '2', previous.length);
    seconds -= previous[0];
    nanoseconds -= previous[1];
    if (nanoseconds < 0) {
      seconds--;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = function bigint() {
  return native.nowNanoseconds();
};

function memoryUsage() {
  const total = native.memoryBytes();
  return { rss: total, heapTotal: total, heapUsed: native.heapBytes(), external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = function rss() {
  return native.memoryBytes();
};

const warned = new Set();

function emitWarning(warning, typeOrOptions, code) {
  let type = 'Warning';
  let detail;
  if (typeOrOptions !== null && typeof typeOrOptions === 'object') {
    ({ type = 'Warning', code, detail } = typeOrOptions);
  } else if (typeof typeOrOptions === 'string') {
    type = typeOrOptions;
  }
  const error = warning instanceof Error ? warning : new Error(warning);
  if (!(warning instanceof Error)) {
    error.name = type;
    if (code !== undefined) error.code = code;
    if (detail !== undefined) error.detail = detail;
  }
  if (error.name === 'DeprecationWarning') {
    if (object.noDeprecation || warned.has(error.code ?? error.message)) return;
    warned.add(error.code ?? error.message);
  }
  nextTick(() => object.emit('warning', error));
}

function showWarning(warning) {
  const code = warning.code ? `[${warning.code}] ` : '';
  native.print(2, `(node:${object.pid}) ${code}${warning.name}: ${warning.message}\n`);
  if (warning.detail) native.print(2, `${warning.detail}\n`);
}

Object.assign(object, {
  title: 'node',
  version: `v${NODE_VERSION}`,
  versions: { node: NODE_VERSION, v8: '12.4.254.21-node.21', modules: '127' },
  arch: 'x64',
  platform: 'linux',
  release: { name: 'node', lts: 'Jod' },
  argv: [],
  execArgv: [],
  env: {},
  pid: 1,
  ppid: 0,
  execPath: '/usr/local/bin/node',
  debugPort: 9229,
  argv0: 'node',
  features: { inspector: false, debug: false, uv: true, ipv6: false, tls: false, typescript: false },
  config: { target_defaults: {}, variables: {} },
  nextTick,
  hrtime,
  memoryUsage,
  emitWarning,
  cwd() {
    return workingDirectory;
  },
  chdir(directory) {
    checkString(directory, 'directory');
    const target = object.resolvePath(workingDirectory, directory);
    // The root exists even for a host that only gives folders in it.
    if (target !== '/' && native.kindOf(target) !== 2)
      throw systemErrorByName('ENOENT', 'chdir', workingDirectory, directory);
    workingDirectory = target;
  },
  umask(mask) {
    const old = umask;
    if (mask !== undefined) umask = (typeof mask === 'string' ? parseInt(mask, 8) : mask) & 0o777;
    return old;
  },
  uptime() {
    return (native.now() - startTime) / 1000;
  },
  cpuUsage(previous) {
    const user = Math.round((native.now() - startTime) * 1000);
    return { user: previous ? user - previous.user : user, system: 0 };
  },
  resourceUsage() {
    return {
      userCPUTime: Math.round((native.now() - startTime) * 1000),
      systemCPUTime: 0,
      maxRSS: native.memoryBytes() / 1024,
    };
  },
  constrainedMemory: () => 0,
  availableMemory: () => native.memoryBytes(),
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  getgroups: () => [1000],
  kill(pid, signal = 'SIGTERM') {
    if (pid !== object.pid) throw systemErrorByName('EPERM', 'kill');
    if (signal === 0) return true;
    if (object.listenerCount(signal)) nextTick(() => object.emit(signal, signal, 15));
    else native.exit(143);
    return true;
  },
  abort() {
    native.exit(134);
  },
  binding(name) {
    throw codedError(Error, 'ERR_INVALID_MODULE', `No such binding: ${name}`);
  },
  setUncaughtExceptionCaptureCallback() {},
  hasUncaughtExceptionCaptureCallback: () => false,
  setSourceMapsEnabled() {},
  getActiveResourcesInfo: () => [],
  getBuiltinModule: undefined,
  report: undefined,
});

Object.defineProperty(object, 'exitCode', {
  configurable: true,
  enumerable: true,
  get: () => exitCode,
  set(value) {
    if (
      value !== undefined &&
      value !== null &&
      !Number.isInteger(typeof value === 'string' && value !== '' ? +value : value)
    ) {
      throw invalidArgType('code', 'integer', value);
    }
    exitCode = value ?? undefined;
  },
});
Object.defineProperty(object, Symbol.toStringTag, { value: 'process', configurable: true });
// Filled by modules.js, which has the path module.
Object.defineProperty(object, 'resolvePath', { value: undefined, writable: true, enumerable: false });
object.on('warning', showWarning);

defineGlobal('process', object);

export default object;
