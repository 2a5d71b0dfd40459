// TextEncoder, TextDecoder, atob and btoa.

import native from './native.js';
import { defineGlobal } from './globals.js';
import { codedError, invalidArgType } from './node-errors.js';

export class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(input = '') {
    return new Uint8Array(native.encodeUtf8(`${input}`));
  }

  encodeInto(source, destination) {
    const text = `${source}`;
    const bytes = this.encode(text);
    let written = Math.min(bytes.length, destination.length);
    // Never half a character.
    while (written > 0 && written < bytes.length && (bytes[written] & 0xc0) === 0x80) written--;
    destination.set(bytes.subarray(0, written));
    const read = written === bytes.length ? text.length : native.decodeUtf8(bytes.subarray(0, written), false).length;
    return { read, written };
  }
}

const LABELS = new Map([
  ...['utf-8', 'utf8', 'unicode-1-1-utf-8'].map((label) => [label, 'utf-8']),
  ...['utf-16le', 'utf-16', 'ucs-2'].map((label) => [label, 'utf-16le']),
  ...['latin1', 'iso-8859-1', 'ascii', 'us-ascii', 'windows-1252', 'l1'].map((label) => [label, 'windows-1252']),
]);

function viewOf(input) {
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw invalidArgType('list', ['ArrayBuffer', 'ArrayBufferView'], input);
}

/** How many bytes at the end begin a character that is not complete yet. */
function incompleteTail(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function join(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #rest = null;
  #started = false;

  constructor(label = 'utf-8', options = {}) {
    this.#encoding = LABELS.get(`${label}`.trim().toLowerCase());
    if (!this.#encoding) {
      throw codedError(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
    }
    this.#fatal = !!options?.fatal;
    this.#ignoreBOM = !!options?.ignoreBOM;
  }

  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(input = new Uint8Array(0), { stream = false } = {}) {
    let bytes = viewOf(input);
    if (this.#rest) {
      bytes = join(this.#rest, bytes);
      this.#rest = null;
    }
    if (stream) {
      const tail =
        this.#encoding === 'utf-8' ? incompleteTail(bytes) : this.#encoding === 'utf-16le' ? bytes.length & 1 : 0;
      if (tail) {
        this.#rest = bytes.slice(bytes.length - tail);
        bytes = bytes.subarray(0, bytes.length - tail);
      }
    }
    let text = this.#convert(bytes);
    if (!this.#started && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#started = stream && (this.#started || bytes.length > 0);
    return text;
  }

  #convert(bytes) {
    if (this.#encoding === 'windows-1252') return native.decodeLatin1(bytes);
    if (this.#encoding === 'utf-16le') {
      let text = '';
      for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
      return bytes.length & 1 ? `${text}\ufffd` : text;
    }
    const text = native.decodeUtf8(bytes, this.#fatal);
    if (text === null) {
      throw codedError(
        TypeError,
        'ERR_ENCODING_INVALID_ENCODED_DATA',
        'The encoded data was not valid for encoding utf-8',
      );
    }
    return text;
  }
}

defineGlobal('TextEncoder', TextEncoder);
defineGlobal('TextDecoder', TextDecoder);
