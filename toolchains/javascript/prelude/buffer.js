// The buffer module: the npm package, made faster where text is converted, and with what it lacks of Node.

import native from './native.js';
import { Buffer, SlowBuffer, kMaxLength } from 'buffer/index.js';
import { defineGlobal } from './globals.js';
import { codedError, invalidArgType, outOfRange } from './node-errors.js';
import { inspect } from './inspect.js';

const MAX_STRING_LENGTH = 2 ** 29 - 24;
const UTF8 = new Set(['utf8', 'utf-8', 'UTF8', 'UTF-8']);
const LATIN1 = new Set(['latin1', 'binary']);

const packageMethods = {
  from: Buffer.from,
  byteLength: Buffer.byteLength,
  isEncoding: Buffer.isEncoding,
  toString: Buffer.prototype.toString,
  write: Buffer.prototype.write,
};

function isBase64Url(encoding) {
  return typeof encoding === 'string' && encoding.toLowerCase() === 'base64url';
}

function asBuffer(arrayBuffer, offset, length) {
  const view = new Uint8Array(arrayBuffer, offset, length);
  Object.setPrototypeOf(view, Buffer.prototype);
  return view;
}

function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') {
    if (encodingOrOffset === undefined || encodingOrOffset === null || UTF8.has(encodingOrOffset)) {
      return asBuffer(native.encodeUtf8(value));
    }
    if (isBase64Url(encodingOrOffset)) return packageMethods.from(value, 'base64');
    if (typeof encodingOrOffset === 'string' && encodingOrOffset.toLowerCase() === 'hex') return fromHex(value);
    if (typeof encodingOrOffset === 'string' && !Buffer.isEncoding(encodingOrOffset)) {
      throw codedError(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encodingOrOffset}`);
    }
  } else if (
    value === null ||
    value === undefined ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint' ||
    typeof value === 'symbol' ||
    typeof value === 'function'
  ) {
    throw invalidArgType('first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value);
  }
  return packageMethods.from(value, encodingOrOffset, length);
}

/** Node stops at the first pair that is not hexadecimal. */
function fromHex(text) {
  const bytes = Buffer.alloc(text.length >>> 1);
  for (let i = 0; i < bytes.length; i++) {
    const pair = text.slice(2 * i, 2 * i + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(pair)) return bytes.subarray(0, i);
    bytes[i] = parseInt(pair, 16);
  }
  return bytes;
}

function toString(encoding, start, end) {
  if (encoding === undefined || UTF8.has(encoding) || LATIN1.has(encoding)) {
    const whole = start === undefined && end === undefined;
    const bytes = whole
      ? this
      : this.subarray(Math.max(0, start | 0), end === undefined ? undefined : Math.max(0, end | 0));
    return LATIN1.has(encoding) ? native.decodeLatin1(bytes) : native.decodeUtf8(bytes, false);
  }
  if (isBase64Url(encoding)) {
    return packageMethods.toString
      .call(this, 'base64', start, end)
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/=+$/, '');
  }
  if (!Buffer.isEncoding(`${encoding}`)) {
    throw codedError(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
  }
  return packageMethods.toString.call(this, encoding, start, end);
}

function byteLength(value, encoding) {
  if (typeof value === 'string') {
    if (encoding === undefined || UTF8.has(encoding)) return native.utf8Length(value);
    if (isBase64Url(encoding)) return packageMethods.byteLength(value, 'base64');
  } else if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) {
    throw invalidArgType('string', ['string', 'Buffer', 'ArrayBuffer'], value);
  }
  return packageMethods.byteLength(value, encoding);
}

function write(text, offset, length, encoding) {
  const last = typeof offset === 'string' ? offset : typeof length === 'string' ? length : encoding;
  if (!isBase64Url(last)) return packageMethods.write.apply(this, arguments);
  return packageMethods.write.call(
    this,
    text,
    typeof offset === 'number' ? offset : 0,
    typeof length === 'number' ? length : undefined,
    'base64',
  );
}

function isEncoding(encoding) {
  return isBase64Url(encoding) || packageMethods.isEncoding(encoding);
}

function checkSize(size) {
  if (typeof size !== 'number') throw invalidArgType('size', 'number', size);
  if (!(size >= 0 && size <= kMaxLength)) throw outOfRange('size', `>= 0 && <= ${kMaxLength}`, size);
}

for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
  const original = Buffer[name];
  Buffer[name] = function (size, ...rest) {
    checkSize(size);
    return original(size, ...rest);
  };
  Object.defineProperty(Buffer[name], 'name', { value: name });
}
Object.assign(Buffer, { from, byteLength, isEncoding });
Object.assign(Buffer.prototype, { toString, write });
Buffer.prototype.toLocaleString = toString;
Buffer.copyBytesFrom = (view, offset = 0, length = undefined) =>
  Buffer.from(view.slice(offset, length === undefined ? undefined : offset + length).buffer);

// Reading and writing outside of the buffer, and values that do not fit: the package's errors have no code.
for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
  if (!/^(read|write)(U?[iI]nt|Float|Double|Big)/.test(name)) continue;
  const original = Buffer.prototype[name];
  const wrapped = function (a, b, c) {
    try {
      return original.call(this, a, b, c);
    } catch (error) {
      if (!(error instanceof RangeError) || error.code !== undefined) throw error;
      const isValue = name.startsWith('write') && /value/.test(error.message);
      if (isValue) throw outOfRange('value', 'in the range of the type', a);
      throw outOfRange(
        'offset',
        `>= 0 and <= ${Math.max(0, this.length - (/8|16|32|64/.exec(name)?.[0] ?? 32) / 8)}`,
        (name.startsWith('read') ? a : b) ?? 0,
      );
    }
  };
  Buffer.prototype[name] = Object.defineProperty(wrapped, 'name', { value: name });
}

// The many spellings of the methods for integers.
for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
  const alias = name.replace(/UInt/, 'Uint');
  if (alias !== name && Buffer.prototype[alias] === undefined) Buffer.prototype[alias] = Buffer.prototype[name];
}

Buffer.prototype[Symbol.for('nodejs.util.inspect.custom')] = function inspectBuffer(depth, options) {
  const shown = Math.min(50, this.length);
  let text = '';
  for (let i = 0; i < shown; i++) text += ` ${this[i].toString(16).padStart(2, '0')}`;
  const more = this.length - shown;
  if (more > 0) text += ` ... ${more} more byte${more > 1 ? 's' : ''}`;
  const extras = native.nonIndexKeys(this, true).filter((key) => typeof key === 'string');
  for (const key of extras) text += `, ${key}: ${inspect(this[key], { ...options, depth: 0 })}`;
  return `<${this.constructor.name}${text}>`;
};

export class Blob {
  #bytes;
  #type;

  constructor(parts = [], options = {}) {
    this.#bytes = Buffer.concat(
      [...parts].map((part) =>
        part instanceof Blob
          ? part.#bytes
          : Buffer.from(
              typeof part === 'string' || ArrayBuffer.isView(part) || part instanceof ArrayBuffer ? part : `${part}`,
            ),
      ),
    );
    this.#type = `${options.type ?? ''}`.toLowerCase();
  }

  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }

  async arrayBuffer() {
    return this.#bytes.buffer.slice(this.#bytes.byteOffset, this.#bytes.byteOffset + this.#bytes.length);
  }

  async bytes() {
    return new Uint8Array(await this.arrayBuffer());
  }

  async text() {
    return native.decodeUtf8(this.#bytes, false);
  }

  slice(start, end, type) {
    return new Blob([this.#bytes.subarray(start, end)], { type });
  }

  get [Symbol.toStringTag]() {
    return 'Blob';
  }
}

export class File extends Blob {
  #name;
  #lastModified;

  constructor(parts, name, options = {}) {
    super(parts, options);
    this.#name = `${name}`;
    this.#lastModified = options.lastModified ?? Date.now();
  }

  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
  get [Symbol.toStringTag]() {
    return 'File';
  }
}

function notLatin1() {
  return new DOMException('Invalid character', 'InvalidCharacterError');
}

export function btoa(input) {
  const text = `${input}`;
  if (/[^\0-\xff]/.test(text)) throw notLatin1();
  return Buffer.from(text, 'latin1').toString('base64');
}

export function atob(input) {
  const text = `${input}`.replace(/[\t\n\f\r ]/g, '');
  const digits = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
  if (digits.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(digits)) {
    throw new DOMException('The string to be decoded is not correctly encoded.', 'InvalidCharacterError');
  }
  return Buffer.from(digits, 'base64').toString('latin1');
}

defineGlobal('Buffer', Buffer);
defineGlobal('Blob', Blob);
defineGlobal('File', File);
defineGlobal('atob', atob);
defineGlobal('btoa', btoa);

export { Buffer, SlowBuffer, kMaxLength };
export default {
  Buffer,
  SlowBuffer,
  Blob,
  File,
  atob,
  btoa,
  kMaxLength,
  kStringMaxLength: MAX_STRING_LENGTH,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH },
  INSPECT_MAX_BYTES: 50,
  isUtf8: (input) => native.decodeUtf8(input, true) !== null,
  isAscii: (input) => new Uint8Array(input.buffer ?? input).every((byte) => byte < 128),
  transcode: (source, fromEncoding, toEncoding) => Buffer.from(Buffer.from(source).toString(fromEncoding), toEncoding),
};
