// The util module.

import { format, formatWithOptions, inspect, stripVTControlCharacters } from './inspect.js';
import types from './util-types.js';
import { isDeepStrictEqual } from './deep-equal.js';
import { parseArgs } from './parse-args.js';
import { TextDecoder, TextEncoder } from './encoding.js';
import {
  checkFunction,
  checkString,
  codedError,
  errnoConstants,
  invalidArgType,
  invalidArgValue,
  systemErrorEntry,
} from './node-errors.js';
import { nextTick } from './ticks.js';

const promisifyCustom = Symbol.for('nodejs.util.promisify.custom');

export function promisify(original) {
  checkFunction(original, 'original');
  const special = original[promisifyCustom];
  if (special) {
    checkFunction(special, 'util.promisify.custom');
    return Object.defineProperty(special, promisifyCustom, { value: special, configurable: true });
  }
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, ...values) => {
          if (error) reject(error);
          else resolve(values[0]);
        },
      ]);
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  Object.defineProperty(promisified, promisifyCustom, { value: promisified, configurable: true });
  return Object.defineProperties(promisified, { name: { value: original.name, configurable: true } });
}
promisify.custom = promisifyCustom;

export function callbackify(original) {
  checkFunction(original, 'original');
  function callbackified(...args) {
    const callback = args.pop();
    checkFunction(callback, 'last argument');
    Reflect.apply(original, this, args).then(
      (value) => nextTick(callback, null, value),
      (reason) => {
        let error = reason;
        if (!error) {
          error = codedError(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value');
          error.reason = reason;
        }
        nextTick(callback, error);
      },
    );
  }
  return Object.defineProperty(callbackified, 'name', { value: `${original.name}Callbackified`, configurable: true });
}

export function inherits(constructor, parent) {
  checkFunction(constructor, 'ctor');
  checkFunction(parent, 'superCtor');
  if (parent.prototype === undefined) throw invalidArgType('superCtor.prototype', 'Object', parent.prototype);
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

const warnedCodes = new Set();

export function deprecate(original, message, code) {
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      if (code === undefined || !warnedCodes.has(code)) {
        warnedCodes.add(code);
        process.emitWarning(message, 'DeprecationWarning', code);
      }
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

export function debuglog(set) {
  const enabled = () => (process.env.NODE_DEBUG ?? '').toLowerCase().split(',').includes(set.toLowerCase());
  const log = (...args) => {
    if (enabled()) process.stderr.write(`${set.toUpperCase()} ${process.pid}: ${format(...args)}\n`);
  };
  Object.defineProperty(log, 'enabled', { get: enabled });
  return log;
}

export function styleText(styles, text, { validateStream = true, stream = process.stdout } = {}) {
  checkString(text, 'text');
  let before = '';
  let after = '';
  for (const style of Array.isArray(styles) ? styles : [styles]) {
    const codes = inspect.colors[style];
    if (!codes)
      throw invalidArgValue(
        'format',
        style,
        `must be one of: ${Object.keys(inspect.colors)
          .map((name) => `'${name}'`)
          .join(', ')}`,
      );
    before += `\x1b[${codes[0]}m`;
    after = `\x1b[${codes[1]}m${after}`;
  }
  // Colors are for terminals.
  if (validateStream && !stream?.isTTY && !process.env.FORCE_COLOR) return text;
  return `${before}${text}${after}`;
}

function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

class MIMEType {
  constructor(input) {
    const [essence, ...parameters] = `${input}`.split(';');
    [this.type, this.subtype] = essence.trim().toLowerCase().split('/');
    this.params = new Map(parameters.map((part) => part.trim().split('=')));
  }

  get essence() {
    return `${this.type}/${this.subtype}`;
  }
  toString() {
    return [this.essence, ...[...this.params].map(([name, value]) => `${name}=${value}`)].join(';');
  }
}

const util = {
  format,
  formatWithOptions,
  inspect,
  stripVTControlCharacters,
  promisify,
  callbackify,
  inherits,
  deprecate,
  debuglog,
  debug: debuglog,
  styleText,
  parseArgs,
  isDeepStrictEqual,
  types,
  aborted,
  MIMEType,
  TextDecoder,
  TextEncoder,
  toUSVString: (value) => `${value}`.toWellFormed(),
  getSystemErrorName: (errno) => systemErrorEntry(errno)?.[0],
  getSystemErrorMap: () => new Map(Object.values(errnoConstants).map((errno) => [-errno, systemErrorEntry(-errno)])),
  getSystemErrorMessage: (errno) => systemErrorEntry(errno)?.[1],
  // Long deprecated, still used.
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
  isRegExp: types.isRegExp,
  isObject: (value) => value !== null && typeof value === 'object',
  isDate: types.isDate,
  isError: (value) => value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isPrimitive: (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
  log: (...args) => console.log('%s - %s', new Date().toLocaleString(), format(...args)),
  _extend: (target, source) => (source !== null && typeof source === 'object' ? Object.assign(target, source) : target),
};

export default util;
