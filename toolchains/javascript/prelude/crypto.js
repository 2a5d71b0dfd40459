// The crypto module, as far as it goes without keys and ciphers: random values, hashes, HMAC, key derivation.

import native from './native.js';
import { md5, sha1, ripemd160 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { Buffer } from './buffer.js';
import { defineGlobal } from './globals.js';
import { checkFunction, checkString, codedError, invalidArgType, outOfRange, unavailable } from './node-errors.js';
import { setImmediate } from './timers.js';
import { Transform } from './stream.js';

const HASHES = {
  'md5': md5,
  'sha1': sha1,
  'sha224': sha224,
  'sha256': sha256,
  'sha384': sha384,
  'sha512': sha512,
  'sha512-256': sha512_256,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
  'ripemd160': ripemd160,
  'rmd160': ripemd160,
};

function findHash(name) {
  checkString(name, 'algorithm');
  const lower = name.toLowerCase();
  return HASHES[lower] ?? HASHES[lower.replace(/^rsa-/, '').replace(/^sha-(?=\d)/, 'sha')];
}

function toBytes(data, encoding, name = 'data') {
  if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? 'utf8' : encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

/** What Hash and Hmac share: update(), digest(), and being a stream. */
class Digest extends Transform {
  #state;
  #isDone = false;

  constructor(state, options) {
    super(options);
    this.#state = state;
  }

  update(data, encoding) {
    if (this.#isDone) throw codedError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#state.update(toBytes(data, encoding));
    return this;
  }

  digest(encoding) {
    if (this.#isDone) throw codedError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#isDone = true;
    const result = Buffer.from(this.#state.digest());
    return encoding && encoding !== 'buffer' ? result.toString(encoding) : result;
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    this.push(this.digest());
    callback();
  }

  cloneState() {
    return this.#state.clone();
  }
}

class Hash extends Digest {
  copy(options) {
    return new Hash(this.cloneState(), options);
  }
}

class Hmac extends Digest {}

function createHash(algorithm, options) {
  const hash = findHash(algorithm);
  if (!hash) throw codedError(Error, 'ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported');
  return new Hash(hash.create(), options);
}

function createHmac(algorithm, key, options) {
  const hash = findHash(algorithm);
  if (!hash) throw codedError(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
  return new Hmac(hmac.create(hash, toBytes(key, 'utf8', 'key')), options);
}

function hash(algorithm, data, encoding = 'hex') {
  return createHash(algorithm).update(data).digest(encoding);
}

function getRandomValues(view) {
  if (
    !ArrayBuffer.isView(view) ||
    view instanceof Float32Array ||
    view instanceof Float64Array ||
    view instanceof DataView
  ) {
    throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
  }
  if (view.byteLength > 65536) {
    throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError');
  }
  native.fillRandom(view);
  return view;
}

/** Gives a result to a callback in a later turn, or returns it. */
function deliver(callback, compute) {
  if (callback === undefined) return compute();
  checkFunction(callback, 'callback');
  setImmediate(() => {
    let result;
    try {
      result = compute();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, result);
  });
  return undefined;
}

function randomBytes(size, callback) {
  if (typeof size !== 'number') throw invalidArgType('size', 'number', size);
  if (!(size >= 0 && size <= 2 ** 31 - 1)) throw outOfRange('size', '>= 0 && <= 2147483647', size);
  return deliver(callback, () => {
    const bytes = Buffer.alloc(size);
    native.fillRandom(bytes);
    return bytes;
  });
}

function randomFillSync(buffer, offset = 0, size = buffer.byteLength - offset) {
  native.fillRandom(new Uint8Array(buffer.buffer ?? buffer, (buffer.byteOffset ?? 0) + offset, size));
  return buffer;
}

/** An even choice: numbers that would make the last values rarer are drawn again. */
function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max];
  if (!Number.isSafeInteger(min)) throw invalidArgType('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw invalidArgType('max', 'a safe integer', max);
  if (max <= min) throw outOfRange('max', `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (range > 2 ** 48 - 1) throw outOfRange(min === 0 ? 'max' : 'max - min', `<= ${2 ** 48 - 1}`, range);
  return deliver(callback, () => {
    const limit = 2 ** 48 - (2 ** 48 % range);
    const bytes = Buffer.alloc(6);
    for (;;) {
      native.fillRandom(bytes);
      const value = bytes.readUIntBE(0, 6);
      if (value < limit) return min + (value % range);
    }
  });
}

function randomUUID() {
  const bytes = Buffer.alloc(16);
  native.fillRandom(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function timingSafeEqual(a, b) {
  const left = toBytes(a);
  const right = toBytes(b);
  if (left.length !== right.length) {
    throw codedError(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  }
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i] ^ right[i];
  return difference === 0;
}

function pbkdf2Sync(password, salt, iterations, length, digest) {
  const chosen = findHash(digest);
  if (!chosen) throw codedError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${digest}`);
  return Buffer.from(pbkdf2(chosen, toBytes(password), toBytes(salt), { c: iterations, dkLen: length }));
}

function scryptSync(password, salt, length, options = {}) {
  const { N = options.cost ?? 16384, r = options.blockSize ?? 8, p = options.parallelization ?? 1 } = options;
  return Buffer.from(scrypt(toBytes(password), toBytes(salt), { N, r, p, dkLen: length }));
}

function hkdfSync(digest, key, salt, info, length) {
  const bytes = hkdf(findHash(digest), toBytes(key), toBytes(salt), toBytes(info), length);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

const subtle = {
  async digest(algorithm, data) {
    const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
    const chosen = findHash(name);
    if (!chosen) throw new DOMException('Unrecognized algorithm name', 'NotSupportedError');
    const bytes = chosen(toBytes(data));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  },
};

const webcrypto = { getRandomValues, randomUUID, subtle };
Object.defineProperty(webcrypto, Symbol.toStringTag, { value: 'Crypto' });
defineGlobal('crypto', webcrypto);

const crypto = {
  createHash,
  createHmac,
  hash,
  Hash,
  Hmac,
  getHashes: () => Object.keys(HASHES),
  getCiphers: () => [],
  getCurves: () => [],
  getRandomValues,
  randomBytes,
  pseudoRandomBytes: randomBytes,
  randomFillSync,
  randomFill: (buffer, ...rest) => deliver(rest.pop(), () => randomFillSync(buffer, ...rest)),
  randomInt,
  randomUUID,
  timingSafeEqual,
  pbkdf2Sync,
  pbkdf2: (...args) => deliver(args.pop(), () => pbkdf2Sync(...args)),
  scryptSync,
  scrypt: (...args) => deliver(args.pop(), () => scryptSync(...args)),
  hkdfSync,
  hkdf: (...args) => deliver(args.pop(), () => hkdfSync(...args)),
  webcrypto,
  subtle,
  constants: {},
};

for (const name of [
  'createCipheriv',
  'createDecipheriv',
  'createSign',
  'createVerify',
  'sign',
  'verify',
  'generateKeyPair',
  'generateKeyPairSync',
  'createPublicKey',
  'createPrivateKey',
  'createSecretKey',
  'createDiffieHellman',
  'createECDH',
  'publicEncrypt',
  'privateDecrypt',
]) {
  crypto[name] = () => {
    throw unavailable(`crypto.${name}`);
  };
}

export default crypto;
