// What the parts of fs share: paths, flags, encodings, Stats and Dirent.

import path from 'path-browserify';
import { Buffer } from './buffer.js';
import { checkInteger, codedError, invalidArgType, invalidArgValue } from './node-errors.js';
import { fileURLToPath } from './url.js';

export const constants = {
  F_OK: 0,
  X_OK: 1,
  W_OK: 2,
  R_OK: 4,
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE_FORCE: 4,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_SYNC: 0o4010000,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o40000,
  S_IFCHR: 0o20000,
  S_IFBLK: 0o60000,
  S_IFIFO: 0o10000,
  S_IFLNK: 0o120000,
  S_IFSOCK: 0o140000,
  S_IRWXU: 0o700,
  S_IRUSR: 0o400,
  S_IWUSR: 0o200,
  S_IXUSR: 0o100,
  S_IRWXG: 0o70,
  S_IRGRP: 0o40,
  S_IWGRP: 0o20,
  S_IXGRP: 0o10,
  S_IRWXO: 7,
  S_IROTH: 4,
  S_IWOTH: 2,
  S_IXOTH: 1,
  UV_FS_COPYFILE_EXCL: 1,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
};

const { O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;
const FLAGS = {
  'r': 0,
  'rs': 0,
  'r+': O_RDWR,
  'rs+': O_RDWR,
  'w': O_WRONLY | O_CREAT | O_TRUNC,
  'wx': O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  'a': O_WRONLY | O_CREAT | O_APPEND,
  'ax': O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  'as': O_WRONLY | O_CREAT | O_APPEND,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'ax+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
};

export function parseFlags(flags, fallback = 'r') {
  if (flags === undefined || flags === null) return FLAGS[fallback];
  if (typeof flags === 'number') return flags;
  const value = FLAGS[flags];
  if (value === undefined) throw invalidArgValue('flags', flags);
  return value;
}

/** The text of a path argument, as it goes into errors. */
export function pathText(value, name = 'path') {
  let text = value;
  if (value instanceof URL) text = fileURLToPath(value);
  else if (value instanceof Uint8Array) text = Buffer.from(value).toString();
  if (typeof text !== 'string') throw invalidArgType(name, ['string', 'Buffer', 'URL'], value);
  if (text.includes('\0'))
    throw invalidArgValue(name, value, 'must be a string, Uint8Array, or URL without null bytes');
  return text;
}

export function absolutePath(text) {
  // resolve() would turn the empty path into the working directory, where Node finds nothing.
  return text === '' ? '' : path.resolve(process.cwd(), text);
}

export function checkDescriptor(fd) {
  checkInteger(fd, 'fd', 0, 2 ** 31 - 1);
  return fd;
}

export function optionsOf(options, defaults = {}) {
  if (options === undefined || options === null || typeof options === 'function') return defaults;
  if (typeof options === 'string') return { ...defaults, encoding: options };
  if (typeof options !== 'object') throw invalidArgType('options', ['string', 'Object'], options);
  return { ...defaults, ...options };
}

export function checkEncoding(encoding) {
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
    throw invalidArgValue('encoding', encoding, 'is invalid encoding');
  }
}

/** Text or bytes to write, as bytes. */
export function asBytes(data, encoding, name = 'data') {
  if (typeof data === 'string') return Buffer.from(data, encoding ?? 'utf8');
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

export function decoded(buffer, encoding) {
  return !encoding || encoding === 'buffer' ? buffer : buffer.toString(encoding);
}

class FileKind {
  #kind;

  constructor(kind) {
    this.#kind = kind & constants.S_IFMT;
  }

  isFile() {
    return this.#kind === constants.S_IFREG;
  }
  isDirectory() {
    return this.#kind === constants.S_IFDIR;
  }
  isSymbolicLink() {
    return this.#kind === constants.S_IFLNK;
  }
  isCharacterDevice() {
    return this.#kind === constants.S_IFCHR;
  }
  isBlockDevice() {
    return false;
  }
  isFIFO() {
    return this.#kind === constants.S_IFIFO;
  }
  isSocket() {
    return false;
  }
}

const CLOCK_FIELDS = ['atime', 'mtime', 'ctime', 'birthtime'];

export class Stats extends FileKind {
  constructor([kind, size, atimeMs, mtimeMs, ctimeMs, ino, nlink, dev], bigint = false) {
    super(kind);
    const mode = kind | (kind === constants.S_IFDIR ? 0o755 : 0o644);
    const number = bigint ? (value) => BigInt(Math.trunc(value)) : (value) => value;
    Object.assign(this, {
      dev: number(dev),
      mode: number(mode),
      nlink: number(nlink),
      uid: number(1000),
      gid: number(1000),
      rdev: number(0),
      blksize: number(4096),
      ino: number(ino),
      size: number(size),
      blocks: number(Math.ceil(size / 512)),
    });
    const times = [atimeMs, mtimeMs, ctimeMs, ctimeMs];
    CLOCK_FIELDS.forEach((name, i) => {
      this[`${name}Ms`] = number(times[i]);
    });
    if (bigint)
      CLOCK_FIELDS.forEach((name, i) => {
        this[`${name}Ns`] = BigInt(Math.trunc(times[i] * 1e6));
      });
    CLOCK_FIELDS.forEach((name, i) => {
      this[name] = new Date(times[i]);
    });
  }
}

export class Dirent extends FileKind {
  constructor(name, parentPath, kind) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
  }
}

export function mustBeAbsent(condition, code, message) {
  if (condition) throw codedError(Error, code, message);
}
