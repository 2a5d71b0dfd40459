// The readline module, for input that is no terminal.

import { EventEmitter } from './events.js';
import { StringDecoder } from 'string_decoder/lib/string_decoder.js';
import { AbortError, codedError, invalidArgValue } from './node-errors.js';
import { nextTick } from './ticks.js';

const LINE_END = /\r\n|\n|\r(?!$)|\u2028|\u2029/;

/** Interfaces whose input has ended, with lines that nobody has taken yet. */
const holding = new Set();

/** Called when the program has nothing else to do: nobody will take those lines any more. */
export function closeHeldInterfaces() {
  const any = holding.size > 0;
  for (const held of [...holding]) held.close();
  return any;
}

export class Interface extends EventEmitter {
  #decoder = new StringDecoder('utf8');
  #rest = '';
  #sawCarriageReturn = false;
  #prompt = '> ';
  #question = null;
  #lines = [];
  #next = 0;
  #ended = false;
  #isEmitting = false;
  #onData;
  #onEnd;

  constructor(input, output, completer, terminal) {
    super();
    let options = input;
    if (!input || typeof input.on === 'function' || !('input' in input))
      options = { input, output, completer, terminal };
    this.input = options.input;
    this.output = options.output ?? undefined;
    this.terminal = options.terminal ?? !!this.output?.isTTY;
    this.line = '';
    this.cursor = 0;
    this.closed = false;
    this.paused = false;
    this.history = [];
    this.crlfDelay = options.crlfDelay ?? 100;
    if (!this.input) throw invalidArgValue('input', this.input);
    if (options.prompt !== undefined) this.#prompt = `${options.prompt}`;
    if (options.signal) {
      if (options.signal.aborted) nextTick(() => this.close());
      else options.signal.addEventListener('abort', () => this.close(), { once: true });
    }
    this.#onData = (chunk) => this.#take(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk));
    this.#onEnd = () => this.#finish();
    this.input.on('data', this.#onData);
    this.input.on('end', this.#onEnd);
    this.input.resume?.();
  }

  #take(text) {
    if (text === '') return;
    let whole = this.#rest + text;
    // A line end that the last chunk was cut in the middle of.
    if (this.#sawCarriageReturn && this.#rest === '' && whole.startsWith('\n')) whole = whole.slice(1);
    this.#sawCarriageReturn = whole.endsWith('\r');
    const lines =
      whole.includes('\r') || whole.includes('\u2028') || whole.includes('\u2029')
        ? whole.replace(/\r$/, '\n').split(LINE_END)
        : whole.split('\n');
    this.#rest = lines.pop();
    this.#lines.push(...lines);
    this.#emitLines();
  }

  /**
   * Gives out the lines, even of a paused interface, as long as somebody takes them. Node would throw away lines that
   * come between two questions; here they wait for the next one, so that answers may as well be piped in at once.
   */
  #emitLines() {
    if (this.#isEmitting) return;
    this.#isEmitting = true;
    try {
      while (this.#next < this.#lines.length && !this.closed) {
        if (!this.#question && this.listenerCount('line') === 0) return;
        this.#deliver(this.#lines[this.#next++]);
      }
      this.#lines = [];
      this.#next = 0;
    } finally {
      this.#isEmitting = false;
    }
    if (this.#ended) this.close();
  }

  #deliver(line) {
    const question = this.#question;
    if (question) {
      this.#question = null;
      this.setPrompt(question.oldPrompt);
      question.callback(line);
    } else {
      this.emit('line', line);
    }
  }

  #finish() {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#lines.push(rest);
    this.#ended = true;
    this.#emitLines();
    if (!this.closed) holding.add(this);
  }

  on(type, listener) {
    super.on(type, listener);
    if (type === 'line' && this.#next < this.#lines.length) nextTick(() => this.#emitLines());
    return this;
  }

  setPrompt(prompt) {
    this.#prompt = `${prompt}`;
  }
  getPrompt() {
    return this.#prompt;
  }

  prompt() {
    if (this.paused) this.resume();
    this.output?.write(this.#prompt);
  }

  question(query, options, callback) {
    const done = typeof options === 'function' ? options : callback;
    const signal = typeof options === 'object' ? options?.signal : undefined;
    if (this.closed) throw codedError(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
    if (signal?.aborted || typeof done !== 'function') return;
    if (this.#question) {
      this.prompt();
      return;
    }
    signal?.addEventListener(
      'abort',
      () => {
        this.#question = null;
      },
      { once: true },
    );
    this.#question = { callback: done, oldPrompt: this.#prompt };
    this.#prompt = `${query}`;
    this.prompt();
    if (this.#next < this.#lines.length) nextTick(() => this.#emitLines());
  }

  write(data) {
    if (this.closed) throw codedError(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
    if (this.paused) this.resume();
    if (data !== null && data !== undefined) this.#take(`${data}`);
  }

  pause() {
    if (this.paused) return this;
    this.input.pause();
    this.paused = true;
    this.emit('pause');
    return this;
  }

  resume() {
    if (!this.paused) return this;
    this.input.resume();
    this.paused = false;
    this.emit('resume');
    return this;
  }

  close() {
    if (this.closed) return;
    this.pause();
    this.closed = true;
    holding.delete(this);
    this.input.removeListener('data', this.#onData);
    this.input.removeListener('end', this.#onEnd);
    this.emit('close');
  }

  getCursorPos() {
    return { rows: 0, cols: 0 };
  }

  [Symbol.asyncIterator]() {
    this.#lineIterator ??= EventEmitter.on(this, 'line', { close: ['close'] });
    const lines = this.#lineIterator;
    return {
      async next() {
        const { value, done } = await lines.next();
        return done ? { value: undefined, done: true } : { value: value[0], done: false };
      },
      return: async () => {
        this.close();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #lineIterator;

  [Symbol.dispose]() {
    this.close();
  }
}

Interface.prototype.addListener = Interface.prototype.on;

/** `new` is optional for the class that the module shows. */
function callable(Class) {
  return new Proxy(Class, { apply: (target, receiver, args) => Reflect.construct(target, args) });
}

class PromisesInterface extends Interface {
  question(query, options = {}) {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) {
        reject(new AbortError(undefined, { cause: signal.reason }));
        return;
      }
      signal?.addEventListener('abort', () => reject(new AbortError(undefined, { cause: signal.reason })), {
        once: true,
      });
      super.question(query, options, resolve);
    });
  }
}

class Readline {
  constructor(stream) {
    this.stream = stream;
  }
  clearLine() {
    return this;
  }
  clearScreenDown() {
    return this;
  }
  cursorTo() {
    return this;
  }
  moveCursor() {
    return this;
  }
  rollback() {
    return this;
  }
  async commit() {}
}

export const promises = {
  Interface: callable(PromisesInterface),
  Readline,
  createInterface: (...args) => new PromisesInterface(...args),
};

function escape(sequence) {
  return (stream, ...args) => {
    const callback = args.findLast((arg) => typeof arg === 'function');
    const numbers = args.filter((arg) => typeof arg === 'number');
    if (!stream) {
      if (callback) nextTick(callback, null);
      return true;
    }
    return stream.write(sequence(...numbers), callback);
  };
}

const shift = (count, more, less) => (count > 0 ? `\x1b[${count}${more}` : count < 0 ? `\x1b[${-count}${less}` : '');

Interface.prototype.question[Symbol.for('nodejs.util.promisify.custom')] = function question(query, options) {
  return new Promise((resolve) => this.question(query, options, resolve));
};

export default {
  Interface: callable(Interface),
  createInterface: (...args) => new Interface(...args),
  clearLine: escape((direction) => (direction < 0 ? '\x1b[1K' : direction > 0 ? '\x1b[0K' : '\x1b[2K')),
  clearScreenDown: escape(() => '\x1b[0J'),
  cursorTo: escape((x, y) => (y === undefined ? `\x1b[${x + 1}G` : `\x1b[${y + 1};${x + 1}H`)),
  moveCursor: escape((dx, dy) => shift(dx, 'C', 'D') + shift(dy, 'B', 'A')),
  emitKeypressEvents() {},
  promises,
};
