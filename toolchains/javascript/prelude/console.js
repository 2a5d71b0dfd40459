// The console, as Node prints.

import native from './native.js';
import { defineGlobal } from './globals.js';
import { format, formatWithOptions, inspect } from './inspect.js';
import { renderTable } from './console-table.js';
import { codedError } from './node-errors.js';

const STDOUT = 1;
const STDERR = 2;

/** Text for a duration, as console.time prints it. */
function formatDuration(milliseconds) {
  let value = milliseconds;
  if (value >= 1000) {
    const seconds = value / 1000;
    if (seconds >= 60) {
      const minutes = seconds / 60;
      if (minutes >= 60) {
        const hours = Math.floor(minutes / 60);
        return `${hours}:${String(Math.floor(minutes % 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')} (h:mm:ss)`;
      }
      return `${Math.floor(minutes)}:${(seconds % 60).toFixed(3).padStart(6, '0')} (m:ss.mmm)`;
    }
    return `${seconds.toFixed(3)}s`;
  }
  value = Number(value.toFixed(3));
  return `${value}ms`;
}

export class Console {
  #indent = '';
  #counts = new Map();
  #timers = new Map();
  #stdout;
  #stderr;
  #inspectOptions;
  #groupWidth;

  constructor(options, stderr) {
    const settings = options && typeof options.write === 'function' ? { stdout: options, stderr } : (options ?? {});
    if (!settings.stdout || typeof settings.stdout.write !== 'function') {
      throw codedError(
        TypeError,
        'ERR_CONSOLE_WRITABLE_STREAM',
        'Console expects a writable stream instance for stdout',
      );
    }
    this.#stdout = settings.stdout;
    this.#stderr = settings.stderr ?? settings.stdout;
    this.#inspectOptions = settings.inspectOptions;
    this.#groupWidth = settings.groupIndentation ?? 2;
    // Methods work without their object, as in `list.forEach(console.log)`.
    for (const name of methodNames) this[name] = this[name].bind(this);
  }

  #format(args) {
    return this.#inspectOptions ? formatWithOptions(this.#inspectOptions, ...args) : format(...args);
  }

  #print(fd, text) {
    const line = this.#indent && text.includes('\n') ? text.replaceAll('\n', `\n${this.#indent}`) : text;
    const stream = fd === STDOUT ? this.#stdout : this.#stderr;
    stream.write(`${this.#indent}${line}\n`);
  }

  #out(args) {
    this.#print(STDOUT, args.length === 1 && typeof args[0] === 'string' ? args[0] : this.#format(args));
  }

  #err(args) {
    this.#print(STDERR, args.length === 1 && typeof args[0] === 'string' ? args[0] : this.#format(args));
  }

  log(...args) {
    this.#out(args);
  }
  info(...args) {
    this.#out(args);
  }
  debug(...args) {
    this.#out(args);
  }
  dirxml(...args) {
    this.#out(args);
  }
  warn(...args) {
    this.#err(args);
  }
  error(...args) {
    this.#err(args);
  }

  dir(object, options) {
    this.#print(STDOUT, inspect(object, { customInspect: false, ...this.#inspectOptions, ...options }));
  }

  trace(...args) {
    const error = { name: 'Trace', message: this.#format(args) };
    Error.captureStackTrace(error, this.trace);
    // The capture names the object after its class; a trace has its own heading.
    const frames = String(error.stack)
      .split('\n')
      .filter((line) => line.startsWith('    at '));
    this.#print(STDERR, [error.message ? `Trace: ${error.message}` : 'Trace', ...frames].join('\n'));
  }

  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift('Assertion failed');
    this.#err(args);
  }

  clear() {}

  count(label = 'default') {
    const name = `${label}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    this.#out([`${name}: ${count}`]);
  }

  countReset(label = 'default') {
    const name = `${label}`;
    if (!this.#counts.delete(name)) process.emitWarning(`Count for '${name}' does not exist`);
  }

  group(...args) {
    if (args.length) this.#out(args);
    this.#indent += ' '.repeat(this.#groupWidth);
  }

  groupCollapsed(...args) {
    this.group(...args);
  }

  groupEnd() {
    this.#indent = this.#indent.slice(0, Math.max(0, this.#indent.length - this.#groupWidth));
  }

  time(label = 'default') {
    const name = `${label}`;
    if (this.#timers.has(name)) {
      process.emitWarning(`Label '${name}' already exists for console.time()`);
      return;
    }
    this.#timers.set(name, native.now());
  }

  timeEnd(label = 'default') {
    const name = `${label}`;
    if (this.#logTime(name, 'timeEnd', [])) this.#timers.delete(name);
  }

  timeLog(label = 'default', ...args) {
    this.#logTime(`${label}`, 'timeLog', args);
  }

  #logTime(name, method, args) {
    const start = this.#timers.get(name);
    if (start === undefined) {
      process.emitWarning(`No such label '${name}' for console.${method}()`);
      return false;
    }
    this.#out([`%s: %s`, name, formatDuration(native.now() - start), ...args]);
    return true;
  }

  table(data, columns) {
    if (data === null || typeof data !== 'object') {
      this.#out([data]);
      return;
    }
    this.#print(STDOUT, renderTable(data, columns));
  }

  profile() {}
  profileEnd() {}
  timeStamp() {}
}

const methodNames = Object.getOwnPropertyNames(Console.prototype).filter((name) => name !== 'constructor');

/** The console of the program, whose streams are looked up late: making them is not needed for a hello world. */
export function makeGlobalConsole(fastStdout, fastStderr) {
  const console = new Console({ stdout: fastStdout, stderr: fastStderr });
  Object.defineProperty(console, 'Console', { value: Console, writable: true, configurable: true, enumerable: false });
  Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
  Object.setPrototypeOf(console, {});
  defineGlobal('console', console);
  return console;
}
