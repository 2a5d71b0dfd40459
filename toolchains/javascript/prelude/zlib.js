// The zlib module over pako.

import * as pako from 'pako';
import { Buffer } from './buffer.js';
import { checkFunction, codedError, invalidArgType } from './node-errors.js';
import { setImmediate } from './timers.js';
import { Transform } from './stream.js';

const constants = {
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_BLOCK: 5,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_NEED_DICT: 2,
  Z_ERRNO: -1,
  Z_STREAM_ERROR: -2,
  Z_DATA_ERROR: -3,
  Z_MEM_ERROR: -4,
  Z_BUF_ERROR: -5,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2,
  Z_RLE: 3,
  Z_FIXED: 4,
  Z_DEFAULT_STRATEGY: 0,
  Z_DEFAULT_WINDOWBITS: 15,
  Z_DEFAULT_LEVEL: -1,
};

const ERROR_CODES = {
  'need dictionary': ['Z_NEED_DICT', 2],
  'stream error': ['Z_STREAM_ERROR', -2],
  'buffer error': ['Z_BUF_ERROR', -5],
  'unexpected end of file': ['Z_BUF_ERROR', -5],
};

function zlibError(cause) {
  const text = typeof cause === 'string' ? cause : (cause?.message ?? String(cause));
  const [code, errno] = ERROR_CODES[text] ?? ['Z_DATA_ERROR', -3];
  const error = codedError(Error, code, text);
  error.errno = errno;
  return error;
}

function bytesOf(data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw invalidArgType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], data);
}

function settings(options = {}) {
  const { level, memLevel, strategy, windowBits, dictionary } = options;
  const result = {};
  for (const [name, value] of Object.entries({ level, memLevel, strategy, windowBits, dictionary })) {
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** Node's name for each way to compress -> how pako does it. */
const WAYS = {
  deflate: { run: (data, options) => pako.deflate(data, options), Engine: pako.Deflate },
  deflateRaw: { run: (data, options) => pako.deflateRaw(data, options), Engine: pako.Deflate, extra: { raw: true } },
  gzip: { run: (data, options) => pako.gzip(data, options), Engine: pako.Deflate, extra: { gzip: true } },
  inflate: { run: (data, options) => pako.inflate(data, options), Engine: pako.Inflate },
  inflateRaw: { run: (data, options) => pako.inflateRaw(data, options), Engine: pako.Inflate, extra: { raw: true } },
  gunzip: { run: (data, options) => pako.ungzip(data, options), Engine: pako.Inflate },
  unzip: { run: (data, options) => pako.ungzip(data, options), Engine: pako.Inflate },
};

const zlib = { constants, codes: constants, ...constants };

for (const [name, way] of Object.entries(WAYS)) {
  const className = name[0].toUpperCase() + name.slice(1);

  const runSync = (data, options) => {
    const input = bytesOf(data);
    let output;
    try {
      output = way.run(input, settings(options));
    } catch (error) {
      throw zlibError(error);
    }
    // Input that ends too soon gives pako nothing to return.
    if (output === undefined) throw zlibError('unexpected end of file');
    return Buffer.from(output.buffer, output.byteOffset, output.length);
  };

  class ZlibStream extends Transform {
    #engine;

    constructor(options) {
      super(options);
      this.#engine = new way.Engine({ ...settings(options), ...way.extra });
      this.#engine.onData = (chunk) => this.push(Buffer.from(chunk));
      this.bytesWritten = 0;
    }

    #feed(chunk, flush, callback) {
      this.bytesWritten += chunk.length;
      this.#engine.push(chunk, flush);
      if (this.#engine.err) callback(zlibError(this.#engine.msg || 'incorrect header check'));
      else callback();
    }

    _transform(chunk, encoding, callback) {
      this.#feed(chunk, false, callback);
    }

    _flush(callback) {
      this.#feed(new Uint8Array(0), true, callback);
    }

    flush(kind, callback) {
      const done = typeof kind === 'function' ? kind : callback;
      this.#engine.push(new Uint8Array(0), constants.Z_SYNC_FLUSH);
      if (done) setImmediate(done);
    }

    close(callback) {
      if (callback) setImmediate(callback);
      this.destroy();
    }
  }
  Object.defineProperty(ZlibStream, 'name', { value: className });

  zlib[`${name}Sync`] = runSync;
  zlib[name] = (data, options, callback) => {
    const done = typeof options === 'function' ? options : callback;
    checkFunction(done, 'callback');
    const input = bytesOf(data);
    setImmediate(() => {
      let result;
      try {
        result = runSync(input, typeof options === 'function' ? undefined : options);
      } catch (error) {
        done(error);
        return;
      }
      done(null, result);
    });
  };
  zlib[className] = ZlibStream;
  zlib[`create${className}`] = (options) => new ZlibStream(options);
}

const CRC_TABLE = new Uint32Array(256).map((unused, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

zlib.crc32 = (data, start = 0) => {
  let value = ~start;
  for (const byte of bytesOf(data)) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
};

export default zlib;
