// Errors with Node's codes and texts.

import { inspect } from './inspect.js';

/** Describes a value the way Node's "Received ..." does. */
function describe(value) {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : ` Received ${inspect(value, { depth: -1 })}`;
  }
  let shown = inspect(value, { colors: false });
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${shown})`;
}

/** An error with a code, which its stack shows in brackets but its name does not. */
export function codedError(Base, code, message) {
  const error = new Base(message);
  Error.captureStackTrace(error, codedError);
  Object.defineProperty(error, 'stack', {
    value: String(error.stack).replace(error.name, `${error.name} [${code}]`),
    writable: true,
    configurable: true,
    enumerable: false,
  });
  error.code = code;
  return error;
}

const CLASS_NAMES = new Set([
  'Array',
  'Buffer',
  'TypedArray',
  'DataView',
  'Uint8Array',
  'URL',
  'Date',
  'Error',
  'AbortSignal',
  'EventTarget',
  'Promise',
  'RegExp',
  'ArrayBuffer',
  'Stream',
  'Map',
  'Set',
]);

function listed(words, last = 'or') {
  if (words.length < 2) return words.join('');
  if (words.length === 2) return `${words[0]} ${last} ${words[1]}`;
  return `${words.slice(0, -1).join(', ')}, ${last} ${words.at(-1)}`;
}

export function invalidArgType(name, expected, actual) {
  const all = Array.isArray(expected) ? expected : [expected];
  const types = all.filter((word) => !CLASS_NAMES.has(word) && word !== 'Object').map((word) => word.toLowerCase());
  const classes = all.filter((word) => CLASS_NAMES.has(word));
  const parts = [];
  if (types.length) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${listed(types)}`);
  if (classes.length) parts.push(`an instance of ${listed(classes)}`);
  if (all.includes('Object')) parts.push('of type object');
  const what = name.endsWith(' argument')
    ? `The ${name}`
    : `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
  return codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} must be ${listed(parts)}.${describe(actual)}`);
}

export function invalidArgValue(name, value, reason = 'is invalid') {
  let shown = inspect(value);
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`);
}

/** Groups the digits of an integer by underscores, as Node does in range errors. */
function grouped(value) {
  const text = String(value);
  if (typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value) > 2 ** 32)) {
    const digits = text.replace(/\B(?=(\d{3})+(?!\d))/g, '_');
    return typeof value === 'bigint' ? `${digits}n` : digits;
  }
  return inspect(value);
}

export function outOfRange(name, range, value) {
  return codedError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${grouped(value)}`,
  );
}

/** For what a sandbox cannot offer: other programs and the network. */
export function unavailable(what) {
  return codedError(Error, 'ERR_NOT_AVAILABLE', `${what} is not available in the sandbox`);
}

export function checkFunction(value, name) {
  if (typeof value !== 'function') throw invalidArgType(name, 'function', value);
}

export function checkString(value, name) {
  if (typeof value !== 'string') throw invalidArgType(name, 'string', value);
}

export function checkInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

export class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

// WASI's error numbers, with the name, Linux's number and libuv's text for each.
const SYSTEM_ERRORS = {
  1: ['E2BIG', 7, 'argument list too long'],
  2: ['EACCES', 13, 'permission denied'],
  6: ['EAGAIN', 11, 'resource temporarily unavailable'],
  8: ['EBADF', 9, 'bad file descriptor'],
  10: ['EBUSY', 16, 'resource busy or locked'],
  20: ['EEXIST', 17, 'file already exists'],
  22: ['EFBIG', 27, 'file too large'],
  28: ['EINVAL', 22, 'invalid argument'],
  29: ['EIO', 5, 'i/o error'],
  31: ['EISDIR', 21, 'illegal operation on a directory'],
  32: ['ELOOP', 40, 'too many symbolic links encountered'],
  33: ['EMFILE', 24, 'too many open files'],
  34: ['EMLINK', 31, 'too many links'],
  37: ['ENAMETOOLONG', 36, 'name too long'],
  41: ['ENFILE', 23, 'file table overflow'],
  44: ['ENOENT', 2, 'no such file or directory'],
  48: ['ENOMEM', 12, 'not enough memory'],
  51: ['ENOSPC', 28, 'no space left on device'],
  52: ['ENOSYS', 38, 'function not implemented'],
  54: ['ENOTDIR', 20, 'not a directory'],
  55: ['ENOTEMPTY', 39, 'directory not empty'],
  58: ['ENOTSUP', 95, 'operation not supported on socket'],
  63: ['EPERM', 1, 'operation not permitted'],
  64: ['EPIPE', 32, 'broken pipe'],
  69: ['EROFS', 30, 'read-only file system'],
  70: ['ESPIPE', 29, 'invalid seek'],
  73: ['ETIMEDOUT', 110, 'connection timed out'],
  75: ['EXDEV', 18, 'cross-device link not permitted'],
  // No capability: the host has no such directory for the program.
  76: ['ENOENT', 2, 'no such file or directory'],
};

const LINUX_NAMES = new Map(Object.values(SYSTEM_ERRORS).map(([name, number, text]) => [number, [name, text]]));

export const errnoConstants = Object.fromEntries([...LINUX_NAMES].map(([number, [name]]) => [name, number]));

/** [name, text] of a negative Linux error number. */
export function systemErrorEntry(errno) {
  return LINUX_NAMES.get(-errno);
}

/** Node's error for a failed system call; `wasiErrno` is what the native side gave. */
export function systemError(wasiErrno, syscall, path, dest) {
  const [code, errno, text] = SYSTEM_ERRORS[-wasiErrno] ?? ['UNKNOWN', 4094, 'unknown error'];
  return namedSystemError(code, errno, text, syscall, path, dest);
}

function namedSystemError(code, errno, text, syscall, path, dest) {
  let message = `${code}: ${text}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = new Error(message);
  Error.captureStackTrace(error, systemError);
  error.errno = -errno;
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

/** The same by the error's name, for what the prelude itself refuses. */
export function systemErrorByName(name, syscall, path, dest) {
  const errno = errnoConstants[name];
  return namedSystemError(name, errno, LINUX_NAMES.get(errno)[1], syscall, path, dest);
}
