// process.stdin, process.stdout and process.stderr.

import native from './native.js';
import process from './process-object.js';
import { Buffer } from './buffer.js';
import { Readable, Writable } from './stream.js';
import { codedError, invalidArgType, systemError } from './node-errors.js';
import { nextTick } from './ticks.js';

const CHUNK_BYTES = 64 * 1024;

/** An output of the program. Writing is synchronous, so nothing ever has to wait for 'drain'. */
class OutputStream extends Writable {
  constructor(fd) {
    super({ decodeStrings: false, emitClose: false, autoDestroy: false });
    this.fd = fd;
    this._type = 'pipe';
    this._isStdio = true;
  }

  write(chunk, encoding, callback) {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (this.writableEnded || this.destroyed || this.writableCorked) return super.write(chunk, encoding, callback);
    if (typeof chunk === 'string') {
      const plain = typeof encoding !== 'string' || encoding === 'utf8' || encoding === 'utf-8';
      native.print(this.fd, plain ? chunk : Buffer.from(chunk, encoding));
    } else if (ArrayBuffer.isView(chunk)) {
      native.print(this.fd, chunk);
    } else if (chunk === null) {
      throw codedError(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
    } else {
      throw invalidArgType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
    }
    if (typeof done === 'function') nextTick(done, null);
    return true;
  }

  _write(chunk, encoding, callback) {
    native.print(this.fd, typeof chunk === 'string' && encoding !== 'utf8' ? Buffer.from(chunk, encoding) : chunk);
    callback();
  }

  // Like Node's, these two streams cannot be closed by the program.
  _destroy(error, callback) {
    callback(error);
  }

  getColorDepth() {
    return 1;
  }
  hasColors() {
    return false;
  }
}

const originalWrite = OutputStream.prototype.write;
const outputs = { 1: undefined, 2: undefined };

function outputOf(fd) {
  outputs[fd] ??= new OutputStream(fd);
  return outputs[fd];
}

/**
 * What the console writes to: the file directly, unless the program has put its own write() into the stream, which is
 * how tests catch what is printed.
 */
export function directOutput(fd) {
  return {
    write(text) {
      const stream = outputs[fd];
      if (stream !== undefined && stream.write !== originalWrite) stream.write(text);
      else native.print(fd, text);
    },
  };
}

let stdin;

/** Standard input. It is read only when the program wants something of it; the event loop then calls pumpInput. */
class InputStream extends Readable {
  #wanted = false;
  #ended = false;
  #isRef = true;

  constructor() {
    super({ highWaterMark: CHUNK_BYTES, emitClose: false });
    this.fd = 0;
  }

  _read() {
    this.#wanted = true;
  }

  /** Whether the loop should look for input: someone asked for it and did not pause since. */
  get isWanted() {
    return this.#wanted && !this.#ended && (this.readableFlowing === true || this.listenerCount('readable') > 0);
  }

  get keepsAlive() {
    return this.#isRef && this.isWanted;
  }

  pump() {
    this.#wanted = false;
    const data = native.readInput(CHUNK_BYTES);
    if (typeof data === 'number') {
      this.destroy(systemError(data, 'read'));
    } else if (data.byteLength === 0) {
      this.#ended = true;
      this.push(null);
    } else {
      this.push(Buffer.from(data));
    }
  }

  ref() {
    this.#isRef = true;
    return this;
  }

  unref() {
    this.#isRef = false;
    return this;
  }

  setRawMode() {
    return this;
  }
}

export function inputState() {
  if (stdin === undefined || !stdin.isWanted) return 'idle';
  return stdin.keepsAlive ? 'awaited' : 'welcome';
}

export function pumpInput() {
  stdin.pump();
}

function defineStream(name, get) {
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
}

defineStream('stdout', () => outputOf(1));
defineStream('stderr', () => outputOf(2));
defineStream('stdin', () => (stdin ??= new InputStream()));
