// Event, EventTarget, AbortController and AbortSignal.

import { defineGlobal } from './globals.js';
import { codedError, invalidArgType } from './node-errors.js';
import { inspect } from './inspect.js';
import { nextTick } from './ticks.js';
import { setTimeout } from './timers.js';

const custom = Symbol.for('nodejs.util.inspect.custom');
const kState = Symbol('state');

export class Event {
  #type;
  #options;
  #stopped = false;
  #prevented = false;
  #time = performance.now();

  constructor(type, options = {}) {
    if (arguments.length === 0)
      throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "type" argument must be specified');
    this.#type = `${type}`;
    this.#options = options ?? {};
    Object.defineProperty(this, kState, { value: { target: null, current: null, halted: false }, writable: true });
  }

  get type() {
    return this.#type;
  }
  get bubbles() {
    return !!this.#options.bubbles;
  }
  get cancelable() {
    return !!this.#options.cancelable;
  }
  get composed() {
    return !!this.#options.composed;
  }
  get target() {
    return this[kState].target;
  }
  get srcElement() {
    return this[kState].target;
  }
  get currentTarget() {
    return this[kState].current;
  }
  get eventPhase() {
    return this[kState].current ? 2 : 0;
  }
  get defaultPrevented() {
    return this.#prevented;
  }
  get returnValue() {
    return !this.#prevented;
  }
  get timeStamp() {
    return this.#time;
  }
  get isTrusted() {
    return false;
  }
  get cancelBubble() {
    return this.#stopped;
  }

  composedPath() {
    return this[kState].current ? [this[kState].current] : [];
  }

  preventDefault() {
    if (this.cancelable) this.#prevented = true;
  }

  stopPropagation() {
    this.#stopped = true;
  }

  stopImmediatePropagation() {
    this.#stopped = true;
    this[kState].halted = true;
  }

  [custom](depth, options) {
    return `${this.constructor.name} ${inspect(
      {
        type: this.type,
        defaultPrevented: this.defaultPrevented,
        cancelable: this.cancelable,
        timeStamp: this.timeStamp,
      },
      { ...options, depth: depth === null ? null : depth - 1 },
    )}`;
  }

  static NONE = 0;
  static CAPTURING_PHASE = 1;
  static AT_TARGET = 2;
  static BUBBLING_PHASE = 3;
}

export class CustomEvent extends Event {
  #detail;

  constructor(type, options) {
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() {
    return this.#detail;
  }
}

export class EventTarget {
  #listeners = new Map();

  addEventListener(type, listener, options) {
    if (typeof listener !== 'function' && typeof listener !== 'object') {
      throw invalidArgType('listener', 'EventListener', listener);
    }
    if (listener === null || listener === undefined) return;
    const settings = typeof options === 'boolean' ? { capture: options } : (options ?? {});
    if (settings.signal?.aborted) return;
    const list = this.#listeners.get(`${type}`) ?? [];
    const capture = !!settings.capture;
    if (list.some((entry) => entry.listener === listener && entry.capture === capture)) return;
    this.#listeners.set(`${type}`, [...list, { listener, capture, once: !!settings.once }]);
    settings.signal?.addEventListener('abort', () => this.removeEventListener(type, listener, options), { once: true });
  }

  removeEventListener(type, listener, options) {
    const capture = typeof options === 'boolean' ? options : !!options?.capture;
    const list = this.#listeners.get(`${type}`);
    if (!list) return;
    this.#listeners.set(
      `${type}`,
      list.filter((entry) => entry.listener !== listener || entry.capture !== capture),
    );
  }

  dispatchEvent(event) {
    if (!(event instanceof Event)) throw invalidArgType('event', 'Event', event);
    const state = event[kState];
    state.target = this;
    state.current = this;
    state.halted = false;
    for (const entry of this.#listeners.get(event.type) ?? []) {
      if (state.halted) break;
      // A listener that an earlier one removed is not called any more.
      if (!this.#listeners.get(event.type).includes(entry)) continue;
      if (entry.once) this.removeEventListener(event.type, entry.listener, entry.capture);
      try {
        const { listener } = entry;
        if (typeof listener === 'function') listener.call(this, event);
        else listener.handleEvent(event);
      } catch (error) {
        // As in Node, the other listeners still run and the error is then an uncaught one.
        nextTick(() => {
          throw error;
        });
      }
    }
    state.current = null;
    return !event.defaultPrevented;
  }

  listenersOf(type) {
    return (this.#listeners.get(type) ?? []).map((entry) => entry.listener);
  }

  [custom](depth, options) {
    return `${this.constructor.name} ${inspect({ ...this }, { ...options, depth })}`;
  }
}
Object.defineProperty(EventTarget.prototype, 'listenersOf', { enumerable: false });

/** Makes the on... property of a class, which holds at most one listener. */
function defineHandler(Class, type) {
  const current = new WeakMap();
  Object.defineProperty(Class.prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get() {
      return current.get(this) ?? null;
    },
    set(listener) {
      if (current.has(this)) this.removeEventListener(type, current.get(this));
      current.delete(this);
      if (typeof listener === 'function') {
        current.set(this, listener);
        this.addEventListener(type, listener);
      }
    },
  });
}

const kNew = Symbol('an AbortSignal is made by its controller');

/** What only a controller may do to a signal; the class itself fills it in. */
let abortNow;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;

  constructor(token) {
    if (token !== kNew) throw codedError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    super();
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason) {
    const signal = new AbortSignal(kNew);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
    return signal;
  }

  static timeout(milliseconds) {
    const signal = new AbortSignal(kNew);
    setTimeout(() => {
      abortNow(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    }, milliseconds).unref();
    return signal;
  }

  static any(signals) {
    const all = [...signals];
    const done = all.find((signal) => signal.aborted);
    if (done) return AbortSignal.abort(done.reason);
    const result = new AbortSignal(kNew);
    for (const signal of all) {
      signal.addEventListener('abort', () => abortNow(result, signal.reason), { once: true });
    }
    return result;
  }

  static {
    abortNow = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
      signal.dispatchEvent(new Event('abort'));
    };
  }

  [custom](depth, options) {
    return `AbortSignal ${inspect({ aborted: this.aborted }, { ...options, depth })}`;
  }
}
defineHandler(AbortSignal, 'abort');

export class AbortController {
  #signal = new AbortSignal(kNew);

  get signal() {
    return this.#signal;
  }

  abort(reason) {
    abortNow(this.#signal, reason);
  }

  [custom](depth, options) {
    return `AbortController ${inspect({ signal: this.signal }, { ...options, depth })}`;
  }
}

// By these names: those of the classes themselves may be changed by the bundler.
for (const [name, Class] of Object.entries({ Event, CustomEvent, EventTarget, AbortSignal, AbortController })) {
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
  defineGlobal(name, Class);
}

export default { AbortController, AbortSignal };
