// The synchronous half of fs; everything else in fs is made of it.

import native from './native.js';
import path from 'path-browserify';
import { Buffer } from './buffer.js';
import { codedError, invalidArgType, outOfRange, systemError, systemErrorByName } from './node-errors.js';
import {
  absolutePath,
  asBytes,
  checkDescriptor,
  checkEncoding,
  constants,
  decoded,
  Dirent,
  optionsOf,
  parseFlags,
  pathText,
  Stats,
} from './fs-common.js';

// Files of the standard streams, which are no real files here.
const DEVICES = {
  '/dev/stdin': 0,
  '/dev/stdout': 1,
  '/dev/stderr': 2,
  '/proc/self/fd/0': 0,
  '/dev/fd/0': 0,
  '/dev/fd/1': 1,
  '/dev/fd/2': 2,
};

/** Throws Node's error if the native side reported one. */
function check(result, syscall, pathArgument, dest) {
  if (typeof result === 'number' && result < 0) throw systemError(result, syscall, pathArgument, dest);
  return result;
}

export function openSync(pathArgument, flags, mode) {
  const text = pathText(pathArgument);
  const parsed = parseFlags(flags);
  const device = DEVICES[text];
  if (device !== undefined) return device;
  if (text === '/dev/null') return openNull();
  return check(native.open(absolutePath(text), parsed), 'open', text);
}

/** /dev/null does not exist in the sandbox, but programs do write to it: a file that is deleted at once serves. */
function openNull() {
  const name = `/tmp/.null-${process.pid}-${native.nowNanoseconds()}`;
  const fd = check(native.open(name, constants.O_RDWR | constants.O_CREAT), 'open', '/dev/null');
  native.unlink(name);
  return fd;
}

export function closeSync(fd) {
  checkDescriptor(fd);
  if (fd > 2) check(native.close(fd), 'close');
}

function withFile(file, flags, action) {
  if (Number.isInteger(file)) return action(checkDescriptor(file));
  const fd = openSync(file, flags);
  try {
    return action(fd);
  } finally {
    closeSync(fd);
  }
}

export function readFileSync(file, options) {
  const { encoding, flag } = optionsOf(options, { flag: 'r' });
  checkEncoding(encoding);
  const data = withFile(file, flag, (fd) => check(native.readAll(fd), 'read'));
  if (encoding === 'utf8' || encoding === 'utf-8') return native.decodeUtf8(data, false);
  return decoded(Buffer.from(data), encoding);
}

export function writeFileSync(file, data, options) {
  const { encoding, flag, flush } = optionsOf(options, { flag: 'w' });
  checkEncoding(encoding);
  const bytes = asBytes(data, encoding);
  void flush;
  withFile(file, flag, (fd) => check(native.write(fd, bytes, -1), 'write'));
}

export function appendFileSync(file, data, options) {
  writeFileSync(file, data, optionsOf(options, { flag: 'a' }));
}

/** The (buffer, offset, length, position) and (buffer, options) forms of read and write. */
function span(buffer, offsetOrOptions, length, position) {
  let offset = offsetOrOptions;
  if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
  offset ??= 0;
  length ??= buffer.byteLength - offset;
  if (offset < 0 || offset > buffer.byteLength) {
    throw outOfRange('offset', `>= 0 && <= ${buffer.byteLength}`, offset);
  }
  if (length < 0 || length > buffer.byteLength - offset) {
    throw outOfRange('length', `>= 0 && <= ${buffer.byteLength - offset}`, length);
  }
  const at = typeof position === 'bigint' ? Number(position) : typeof position === 'number' ? position : -1;
  return { view: new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), at };
}

export function readSync(fd, buffer, offsetOrOptions, length, position) {
  checkDescriptor(fd);
  if (!ArrayBuffer.isView(buffer)) throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
  const { view, at } = span(buffer, offsetOrOptions, length, position);
  return view.length === 0 ? 0 : check(native.read(fd, view, fd === 0 ? -1 : at), 'read');
}

export function writeSync(fd, data, offsetOrOptions, lengthOrEncoding, position) {
  checkDescriptor(fd);
  if (typeof data === 'string') {
    // (fd, string, position, encoding)
    const at = typeof offsetOrOptions === 'number' ? offsetOrOptions : -1;
    return check(native.write(fd, Buffer.from(data, lengthOrEncoding), at), 'write');
  }
  if (!ArrayBuffer.isView(data)) throw invalidArgType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  const { view, at } = span(data, offsetOrOptions, lengthOrEncoding, position);
  return check(native.write(fd, view, at), 'write');
}

export function readvSync(fd, buffers, position) {
  let total = 0;
  for (const buffer of buffers) {
    const got = readSync(fd, buffer, 0, buffer.byteLength, typeof position === 'number' ? position + total : null);
    total += got;
    if (got < buffer.byteLength) break;
  }
  return total;
}

export function writevSync(fd, buffers, position) {
  let total = 0;
  for (const buffer of buffers) {
    total += writeSync(fd, buffer, 0, buffer.byteLength, typeof position === 'number' ? position + total : null);
  }
  return total;
}

export function existsSync(pathArgument) {
  try {
    const text = pathText(pathArgument);
    return DEVICES[text] !== undefined || native.kindOf(absolutePath(text)) !== 0;
  } catch {
    return false;
  }
}

function statWith(pathArgument, options, follow, syscall) {
  const text = pathText(pathArgument);
  const result = DEVICES[text] !== undefined ? native.fstat(DEVICES[text]) : native.stat(absolutePath(text), follow);
  if (typeof result === 'number' && options?.throwIfNoEntry === false) {
    const { code } = systemError(result, syscall);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  }
  return new Stats(check(result, syscall, text), options?.bigint);
}

export function statSync(pathArgument, options) {
  return statWith(pathArgument, options, true, 'stat');
}

export function lstatSync(pathArgument, options) {
  return statWith(pathArgument, options, false, 'lstat');
}

export function fstatSync(fd, options) {
  return new Stats(check(native.fstat(checkDescriptor(fd)), 'fstat'), options?.bigint);
}

export function accessSync(pathArgument) {
  const text = pathText(pathArgument);
  if (DEVICES[text] === undefined) check(native.stat(absolutePath(text), true), 'access', text);
}

/** Sorted pairs of name and kind. */
function entriesOf(text) {
  const list = check(native.readdir(absolutePath(text)), 'scandir', text);
  const entries = [];
  for (let i = 0; i < list.length; i += 2) entries.push([list[i], list[i + 1]]);
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function readdirSync(pathArgument, options) {
  const { encoding, withFileTypes, recursive } = optionsOf(options);
  const text = pathText(pathArgument);
  const result = [];
  const visit = (directory, prefix) => {
    for (const [name, kind] of entriesOf(directory)) {
      const relative = prefix === '' ? name : `${prefix}/${name}`;
      if (withFileTypes) result.push(new Dirent(name, directory, kind));
      else result.push(encoding === 'buffer' ? Buffer.from(relative) : relative);
      if (recursive && kind === constants.S_IFDIR) visit(path.join(directory, name), relative);
    }
  };
  visit(text, '');
  return result;
}

export function mkdirSync(pathArgument, options) {
  const text = pathText(pathArgument);
  const target = absolutePath(text);
  if (!(options !== null && typeof options === 'object' && options.recursive)) {
    check(native.mkdir(target), 'mkdir', text);
    return undefined;
  }
  // The first directory that had to be made is the result.
  let first;
  let current = '';
  for (const part of target.split('/').filter(Boolean)) {
    current += `/${part}`;
    const kind = native.kindOf(current);
    if (kind === 2) continue;
    if (kind === 1) throw systemErrorByName(current === target ? 'EEXIST' : 'ENOTDIR', 'mkdir', text);
    check(native.mkdir(current), 'mkdir', text);
    first ??= current;
  }
  return first !== undefined && !path.isAbsolute(text) ? path.relative(process.cwd(), first) : first;
}

const SUFFIX_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export function mkdtempSync(prefix) {
  const text = pathText(prefix, 'prefix');
  for (;;) {
    const bytes = new Uint8Array(6);
    native.fillRandom(bytes);
    const name = text + [...bytes].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]).join('');
    if (native.kindOf(absolutePath(name)) !== 0) continue;
    check(native.mkdir(absolutePath(name)), 'mkdtemp', `${text}XXXXXX`);
    return name;
  }
}

export function rmdirSync(pathArgument, options) {
  if (options?.recursive) {
    rmSync(pathArgument, { recursive: true, force: false });
    return;
  }
  const text = pathText(pathArgument);
  check(native.rmdir(absolutePath(text)), 'rmdir', text);
}

export function unlinkSync(pathArgument) {
  const text = pathText(pathArgument);
  const target = absolutePath(text);
  // What Linux says of directories; WASI hosts differ.
  const status = native.stat(target, false);
  if (typeof status !== 'number' && status[0] === constants.S_IFDIR) throw systemErrorByName('EISDIR', 'unlink', text);
  check(native.unlink(target), 'unlink', text);
}

export function rmSync(pathArgument, options = {}) {
  const text = pathText(pathArgument);
  const status = native.stat(absolutePath(text), false);
  if (typeof status === 'number') {
    if (options?.force) return;
    check(status, 'lstat', text);
  }
  if (status[0] !== constants.S_IFDIR) {
    check(native.unlink(absolutePath(text)), 'rm', text);
    return;
  }
  if (!options?.recursive) {
    const error = codedError(
      Error,
      'ERR_FS_EISDIR',
      `Path is a directory: rm returned EISDIR (is a directory) ${text}`,
    );
    Object.assign(error, { errno: 21, syscall: 'rm', path: text });
    Object.defineProperty(error, 'name', {
      value: 'SystemError',
      configurable: true,
      writable: true,
      enumerable: false,
    });
    throw error;
  }
  const remove = (directory) => {
    for (const [name, kind] of entriesOf(directory)) {
      const entry = path.join(directory, name);
      if (kind === constants.S_IFDIR) remove(entry);
      else check(native.unlink(absolutePath(entry)), 'unlink', entry);
    }
    check(native.rmdir(absolutePath(directory)), 'rm', directory);
  };
  remove(text);
}

export function renameSync(from, to) {
  const source = pathText(from, 'oldPath');
  const target = pathText(to, 'newPath');
  check(native.rename(absolutePath(source), absolutePath(target)), 'rename', source, target);
}

export function copyFileSync(from, to, mode = 0) {
  const source = pathText(from, 'src');
  const target = pathText(to, 'dest');
  const input = native.open(absolutePath(source), 0);
  check(input, 'copyfile', source, target);
  try {
    const data = check(native.readAll(input), 'copyfile', source, target);
    const flags =
      constants.O_WRONLY |
      constants.O_CREAT |
      constants.O_TRUNC |
      (mode & constants.COPYFILE_EXCL ? constants.O_EXCL : 0);
    const output = check(native.open(absolutePath(target), flags), 'copyfile', source, target);
    check(native.write(output, new Uint8Array(data), -1), 'copyfile', source, target);
    native.close(output);
  } finally {
    native.close(input);
  }
}

export function cpSync(from, to, options = {}) {
  const source = pathText(from, 'src');
  const target = pathText(to, 'dest');
  if (options.filter && !options.filter(source, target)) return;
  if (!statSync(source).isDirectory()) {
    if (options.force === false && existsSync(target)) {
      if (options.errorOnExist) throw systemErrorByName('EEXIST', 'cp', target);
      return;
    }
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(source, target);
    return;
  }
  if (!options.recursive) {
    throw codedError(Error, 'ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${source}`);
  }
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source)) cpSync(path.join(source, name), path.join(target, name), options);
}

export function linkSync(existing, target) {
  const from = pathText(existing, 'existingPath');
  const to = pathText(target, 'newPath');
  check(native.link(absolutePath(from), absolutePath(to)), 'link', from, to);
}

export function symlinkSync(target, link) {
  const from = pathText(target, 'target');
  const to = pathText(link);
  check(native.symlink(from, absolutePath(to)), 'symlink', from, to);
}

export function readlinkSync(pathArgument) {
  const text = pathText(pathArgument);
  return check(native.readlink(absolutePath(text)), 'readlink', text);
}

export function realpathSync(pathArgument) {
  const text = pathText(pathArgument);
  let current = absolutePath(text);
  for (let hops = 0; hops < 40; hops++) {
    const status = native.stat(current, false);
    check(status, 'lstat', text);
    if (status[0] !== constants.S_IFLNK) return current;
    current = path.resolve(path.dirname(current), native.readlink(current));
  }
  throw systemErrorByName('ELOOP', 'realpath', text);
}
realpathSync.native = realpathSync;

export function ftruncateSync(fd, length = 0) {
  check(native.truncate(checkDescriptor(fd), Math.max(0, length)), 'ftruncate');
}

export function truncateSync(file, length = 0) {
  withFile(file, 'r+', (fd) => ftruncateSync(fd, length));
}

const seconds = (time) => (time instanceof Date ? time.getTime() / 1000 : Number(time));

export function utimesSync(pathArgument, atime, mtime) {
  const text = pathText(pathArgument);
  check(native.setTimes(absolutePath(text), seconds(atime), seconds(mtime)), 'utime', text);
}

export const lutimesSync = utimesSync;

/** There are no owners and modes in the sandbox; that the file exists is all that is checked. */
export function chmodSync(pathArgument) {
  const text = pathText(pathArgument);
  check(native.stat(absolutePath(text), true), 'chmod', text);
}

export function chownSync(pathArgument) {
  const text = pathText(pathArgument);
  check(native.stat(absolutePath(text), true), 'chown', text);
}

export const lchownSync = chownSync;
export function fchmodSync(fd) {
  checkDescriptor(fd);
}
export function fchownSync(fd) {
  checkDescriptor(fd);
}
export function futimesSync(fd) {
  checkDescriptor(fd);
}
export function fsyncSync(fd) {
  checkDescriptor(fd);
}
export function fdatasyncSync(fd) {
  checkDescriptor(fd);
}

export class Dir {
  #entries;
  #position = 0;

  constructor(pathArgument) {
    this.path = pathText(pathArgument);
    this.#entries = readdirSync(this.path, { withFileTypes: true });
  }

  readSync() {
    return this.#entries[this.#position++] ?? null;
  }
  closeSync() {}

  async read(callback) {
    const entry = this.readSync();
    if (callback) queueMicrotask(() => callback(null, entry));
    return entry;
  }

  async close(callback) {
    if (callback) queueMicrotask(() => callback(null));
  }

  async *[Symbol.asyncIterator]() {
    for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
  }
}

export function opendirSync(pathArgument) {
  return new Dir(pathArgument);
}

export function statfsSync() {
  return { type: 0, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
}
