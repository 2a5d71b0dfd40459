// The link between the two sandboxes of a function-level test: calls in both directions over two pipes.
//
// One line of JSON is one message: {q: operation, i: number, v: values} asks, {i: number, r: result, m: updates} or
// {i: number, x: error, m: updates} answers. Whoever waits for an answer serves what the other side asks meanwhile, so calls
// nest and never cross. A promise stays on its side; what became of it travels with `pump`, by which the harness lets the
// event loop of the solution turn (see runnel_handles.js for the objects, harness_host.js and solution_host.js for the ends).
'use strict';

const fs = require('fs');
const { Encoder, Decoder, partsOf, isSame } = require('./runnel_codec.js');
const { makeHandle, OPERATIONS } = require('./runnel_handles.js');

const MOST_LINE = 16 * 1024 * 1024;
const MOST_HANDLES = 1_000_000;
const MOST_NESTED = 100;
const CHUNK = 64 * 1024;
const { readSync, writeSync } = fs;

class LinkEnded extends Error {}

class Link {
  /** `prefix` opens each line that is sent; `guard(operation, values, wasGiven)` may refuse what is asked. */
  constructor(prefix, guard) {
    Object.assign(this, {
      prefix,
      guard,
      isSolution: guard === undefined,
      whyEnded: null,
      nested: 0,
      last: 0,
      next: 1,
    });
    this.buffer = Buffer.alloc(0);
    this.chunk = Buffer.alloc(CHUNK);
    this.own = new Map();
    this.numbers = new Map();
    this.foreign = new Map(); // number: proxy, error or symbol made here
    this.foreignNumbers = new Map();
    this.handles = new WeakSet();
    this.waiting = new Map(); // promises of the other side: number: [resolve, reject]
    this.promises = new Map();
    this.settled = []; // promises of ours that are over, until the other side hears of it
    this.onSettled = () => {};
    this.places = new WeakMap();
    this.operations = { ...OPERATIONS };
  }

  // ------------------------------------------------------------------------------------------------ the wire

  /** Asks the other side; gives its result or throws its error. */
  request(operation, ...values) {
    if (this.whyEnded) throw new LinkEnded(this.whyEnded);
    if (this.nested >= MOST_NESTED) throw new RangeError('calls between solution and tests nest too deeply');
    const number = ++this.last;
    const encoder = new Encoder(this);
    this.send({ q: operation, i: number, v: values.map((value) => encoder.encode(value)) });
    this.nested++;
    let answer;
    try {
      while ('q' in (answer = this.receive())) this.serve(answer);
    } finally {
      this.nested--;
    }
    let error;
    let result;
    const failed = 'x' in answer;
    try {
      if (answer.i !== number) throw new Error('an answer to another question');
      const decoder = new Decoder(this, encoder.containers);
      if (failed) error = decoder.decode(answer.x);
      else result = decoder.decode(answer.r);
      for (const [which, content] of answer.m ?? []) decoder.fill(encoder.containers[which], content);
    } catch (reason) {
      throw this.break(`it sent what is no answer (${reason?.message})`);
    }
    if (failed) throw error;
    return result;
  }

  break(why) {
    this.whyEnded ??= `the solution has ended: ${why}`;
    const error = new LinkEnded(this.whyEnded);
    for (const [, reject] of this.waiting.values()) reject(error);
    this.waiting.clear();
    return error;
  }

  receive() {
    const line = this.readLine();
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      message = null;
    }
    if (message === null || typeof message !== 'object' || typeof message.i !== 'number') {
      throw this.break('it wrote to its standard output what is no answer');
    }
    return message;
  }

  readLine() {
    const parts = [];
    let size = 0;
    for (;;) {
      const end = this.buffer.indexOf(10);
      if (end >= 0) {
        parts.push(this.buffer.subarray(0, end));
        this.buffer = this.buffer.subarray(end + 1);
        return (parts.length === 1 ? parts[0] : Buffer.concat(parts)).toString('utf8');
      }
      parts.push(this.buffer);
      size += this.buffer.length;
      this.buffer = Buffer.alloc(0);
      if (size > MOST_LINE) throw this.break('it wrote a line that is too long');
      const count = this.readSome();
      if (count === 0) throw this.break('its process is over');
      this.buffer = Buffer.from(this.chunk.subarray(0, count));
    }
  }

  readSome() {
    for (;;) {
      try {
        return readSync(0, this.chunk, 0, CHUNK, null);
      } catch (error) {
        if (error.code === 'EOF') return 0;
        if (error.code !== 'EAGAIN') throw error;
      }
    }
  }

  send(message) {
    const text = JSON.stringify(message);
    if (text.length > MOST_LINE / 2) throw new RangeError('a value of more than 8 MiB cannot be passed');
    this.write(`${this.prefix}${text}\n`);
  }

  /** Writes whole lines to the real standard output. */
  write(text) {
    let data = Buffer.from(text, 'utf8');
    while (data.length > 0) {
      try {
        data = data.subarray(writeSync(1, data));
      } catch (error) {
        if (error.code === 'EPIPE') throw this.break('its process is over');
        if (error.code !== 'EAGAIN') throw error;
      }
    }
  }

  // ------------------------------------------------------------------------------------------------- serving

  serve(message) {
    const decoder = new Decoder(this);
    let before = [];
    let answer;
    try {
      const values = message.v.map((value) => decoder.decode(value));
      before = [...decoder.containers].map(([number, target]) => [number, target, partsOf(target)]);
      if (!Object.hasOwn(this.operations, message.q)) throw new TypeError('no such operation');
      this.guard?.(message.q, values, (target) => this.numbers.has(target));
      answer = { r: this.operations[message.q](...values) };
    } catch (error) {
      if (error instanceof LinkEnded) throw error;
      answer = { x: error };
    }
    this.answer(message.i, answer, before);
  }

  answer(number, answer, before) {
    try {
      const encoder = new Encoder(this, new Map(before.map(([which, target]) => [target, which])));
      const coded = { i: number };
      for (const [name, value] of Object.entries(answer)) coded[name] = encoder.encode(value);
      const changed = before.filter(([, target, parts]) => !isSame(parts, partsOf(target)));
      if (changed.length > 0) coded.m = changed.map(([which, target]) => [which, encoder.content(target)]);
      this.send(coded);
    } catch (error) {
      if (error instanceof LinkEnded) throw error;
      this.send({ i: number, x: new Encoder(this).encode(new RangeError(`${error?.message}`)) });
    }
  }

  // ------------------------------------------------------------------------------------- objects of each side

  numberOf(value) {
    let number = this.numbers.get(value);
    if (number === undefined) {
      if (this.own.size >= MOST_HANDLES)
        throw new RangeError('too many objects are known to both the solution and the tests');
      number = this.next++;
      this.own.set(number, value);
      this.numbers.set(value, number);
    }
    return number;
  }

  /** Whether an object goes as a handle, whatever it is: it is one, or was said to. */
  isKnown(value) {
    return this.foreignNumbers.has(value) || (typeof value === 'object' && this.handles.has(value));
  }

  asHandle(value) {
    if (value !== null && typeof value === 'object') this.handles.add(value);
    return value;
  }

  encodeHandle(value) {
    if (this.foreignNumbers.has(value)) return ['H', this.foreignNumbers.get(value)];
    return ['h', this.numberOf(value), typeof value === 'function' ? 1 : 0];
  }

  decodeHandle(number, isFunction) {
    return this.foreignObject(number, () => makeHandle(this, isFunction === 1))[0];
  }

  /** What stands here for an object of the other side, and whether it is new. */
  foreignObject(number, make) {
    let value = this.foreign.get(number);
    if (value !== undefined) return [value, false];
    if (typeof number !== 'number' || this.foreign.size >= MOST_HANDLES) throw new Error('too many objects');
    value = make();
    this.foreign.set(number, value);
    this.foreignNumbers.set(value, number);
    return [value, true];
  }

  home(number) {
    if (!this.own.has(number)) throw new Error('no such object');
    return this.own.get(number);
  }

  // ------------------------------------------------------------------------------------------------ promises

  numberOfPromise(promise) {
    if (this.foreignNumbers.has(promise)) return -this.foreignNumbers.get(promise);
    let number = this.promises.get(promise);
    if (number === undefined) {
      number = this.numberOf(promise);
      this.promises.set(promise, number);
      const settle = (isKept) => (value) => {
        this.settled.push([number, isKept, value]);
        this.onSettled();
      };
      Promise.prototype.then.call(promise, settle(true), settle(false));
    }
    return number;
  }

  foreignPromise(number) {
    if (number < 0) return this.home(-number);
    const make = () => {
      const promise = new Promise((resolve, reject) => this.waiting.set(number, [resolve, reject]));
      promise.catch(() => {}); // whether somebody looks at it is not our business
      return promise;
    };
    return this.foreignObject(number, make)[0];
  }

  /** What the other side should hear of our promises: a list that can be sent. */
  takeSettled() {
    return this.settled.splice(0);
  }

  hearSettled(list) {
    for (const [number, isKept, value] of list) {
      const waiting = this.waiting.get(number);
      this.waiting.delete(number);
      waiting?.[isKept ? 0 : 1](value);
    }
  }

  // ------------------------------------------------------------------------------------------------- places

  placeError(error, place) {
    if (typeof place === 'string') this.places.set(error, place.slice(0, 200));
  }

  /** Where in the sender's files an error arose, in words. */
  placeOf(error) {
    const found = /([^\s/()]+\.[cm]?js):(\d+)(?::\d+)?\)?$/m;
    for (const line of `${error.stack}`.split('\n')) {
      const match = found.exec(line);
      if (match && !/^(runnel_|harness_|solution_host)/.test(match[1]) && !line.includes('node:'))
        return `${match[1]}, line ${match[2]}`;
    }
    return null;
  }
}

module.exports = { Link, LinkEnded };
