// The events module: EventEmitter and its helpers.

import { AbortError, checkFunction, codedError, invalidArgType, outOfRange } from './node-errors.js';
import { inspect } from './inspect.js';
import { nextTick } from './ticks.js';

const CAPTURE = Symbol.for('nodejs.rejection');
const errorMonitor = Symbol('events.errorMonitor');
const kCapture = Symbol('kCapture');
let defaultMaxListeners = 10;

function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.init = function init(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners ??= undefined;
  if (options?.captureRejections) this[kCapture] = true;
};

function checkListener(listener) {
  checkFunction(listener, 'listener');
}

/** A listener that throws away a promise would hide its rejection. */
function catchRejection(emitter, promise, type, args) {
  promise.then(undefined, (error) => {
    nextTick(() => {
      if (typeof emitter[CAPTURE] === 'function') {
        emitter[CAPTURE](error, type, ...args);
        return;
      }
      const capturing = emitter[kCapture];
      emitter[kCapture] = false;
      try {
        emitter.emit('error', error);
      } finally {
        emitter[kCapture] = capturing;
      }
    });
  });
}

function throwUnhandled(emitter, error) {
  if (error instanceof Error) throw error;
  let shown;
  try {
    shown = inspect(error);
  } catch {
    shown = String(error);
  }
  const wrapped = codedError(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${shown})`);
  wrapped.context = error;
  throw wrapped;
}

function addListener(emitter, type, listener, prepend) {
  checkListener(listener);
  let events = emitter._events;
  if (events === undefined) {
    events = emitter._events = Object.create(null);
    emitter._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    emitter.emit('newListener', type, listener.listener ?? listener);
    events = emitter._events;
  }
  const existing = events[type];
  if (existing === undefined) {
    events[type] = listener;
    emitter._eventsCount++;
  } else {
    // Copied rather than changed: an emit() that is under way goes on with the list it began with.
    const list = typeof existing === 'function' ? [existing] : existing;
    const longer = (events[type] = prepend ? [listener, ...list] : [...list, listener]);
    const most = emitter.getMaxListeners();
    if (most > 0 && longer.length > most && !existing.warned) {
      longer.warned = true;
      process.emitWarning(
        'Possible EventEmitter memory leak detected. ' +
          `${longer.length} ${String(type)} listeners added to ${inspect(emitter, { depth: -1 })}. ` +
          `MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`,
        'MaxListenersExceededWarning',
      );
    }
    if (existing.warned) longer.warned = true;
  }
  return emitter;
}

function onceWrapper(emitter, type, listener) {
  checkListener(listener);
  let fired = false;
  function wrapped(...args) {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(type, wrapped);
    return Reflect.apply(listener, emitter, args);
  }
  wrapped.listener = listener;
  return wrapped;
}

function listenersOf(emitter, type, unwrap) {
  const listeners = emitter._events?.[type];
  if (listeners === undefined) return [];
  const list = typeof listeners === 'function' ? [listeners] : [...listeners];
  return unwrap ? list.map((listener) => listener.listener ?? listener) : list;
}

const methods = {
  emit(type, ...args) {
    const events = this._events;
    if (type === 'error') {
      if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
      if (events?.error === undefined) throwUnhandled(this, args[0]);
    }
    const listeners = events?.[type];
    if (listeners === undefined) return false;
    if (typeof listeners === 'function') {
      const result = Reflect.apply(listeners, this, args);
      if (this[kCapture] && typeof result?.then === 'function') catchRejection(this, result, type, args);
      return true;
    }
    for (const listener of listeners) {
      const result = Reflect.apply(listener, this, args);
      if (this[kCapture] && typeof result?.then === 'function') catchRejection(this, result, type, args);
    }
    return true;
  },

  on(type, listener) {
    return addListener(this, type, listener, false);
  },

  prependListener(type, listener) {
    return addListener(this, type, listener, true);
  },

  once(type, listener) {
    return this.on(type, onceWrapper(this, type, listener));
  },

  prependOnceListener(type, listener) {
    return this.prependListener(type, onceWrapper(this, type, listener));
  },

  removeListener(type, listener) {
    checkListener(listener);
    const events = this._events;
    const existing = events?.[type];
    if (existing === undefined) return this;
    const list = typeof existing === 'function' ? [existing] : existing;
    const index = list.findLastIndex((entry) => entry === listener || entry.listener === listener);
    if (index < 0) return this;
    if (list.length === 1) {
      delete events[type];
      this._eventsCount--;
    } else {
      const shorter = list.filter((entry, at) => at !== index);
      events[type] = shorter.length === 1 ? shorter[0] : shorter;
    }
    if (events.removeListener !== undefined) this.emit('removeListener', type, list[index].listener ?? listener);
    return this;
  },

  removeAllListeners(type) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
      if (type === undefined) {
        this._events = Object.create(null);
        this._eventsCount = 0;
      } else if (events[type] !== undefined) {
        delete events[type];
        this._eventsCount--;
      }
      return this;
    }
    if (type === undefined) {
      for (const key of Reflect.ownKeys(events)) {
        if (key !== 'removeListener') this.removeAllListeners(key);
      }
      this.removeAllListeners('removeListener');
      return this;
    }
    for (const listener of listenersOf(this, type, false).reverse()) this.removeListener(type, listener);
    return this;
  },

  setMaxListeners(count) {
    if (typeof count !== 'number' || count < 0 || Number.isNaN(count)) {
      throw outOfRange('setMaxListeners', 'a non-negative number', count);
    }
    this._maxListeners = count;
    return this;
  },

  getMaxListeners() {
    return this._maxListeners ?? defaultMaxListeners;
  },

  listeners(type) {
    return listenersOf(this, type, true);
  },

  rawListeners(type) {
    return listenersOf(this, type, false);
  },

  listenerCount(type, listener) {
    const list = listenersOf(this, type, true);
    return listener === undefined ? list.length : list.filter((entry) => entry === listener).length;
  },

  eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
  },
};

Object.assign(
  EventEmitter.prototype,
  {
    _events: undefined,
    _eventsCount: 0,
    _maxListeners: undefined,
  },
  methods,
  { addListener: methods.on, off: methods.removeListener },
);
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false });

/** events.once(): a promise for the arguments of the next event. */
function once(emitter, type, { signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortError(undefined, { cause: signal.reason }));
      return;
    }
    if (typeof emitter.addEventListener === 'function') {
      emitter.addEventListener(type, (event) => resolve([event]), { once: true });
      return;
    }
    const stop = () => {
      emitter.removeListener(type, onEvent);
      emitter.removeListener('error', onError);
      signal?.removeEventListener('abort', onAbort);
    };
    const onEvent = (...args) => {
      stop();
      resolve(args);
    };
    const onError = (error) => {
      stop();
      reject(error);
    };
    const onAbort = () => {
      stop();
      reject(new AbortError(undefined, { cause: signal.reason }));
    };
    emitter.once(type, onEvent);
    if (type !== 'error') emitter.once('error', onError);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** events.on(): an asynchronous iterator over events. */
function on(emitter, type, { signal, close = [] } = {}) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  const values = [];
  const waiting = [];
  let failure = null;
  let finished = false;

  const onEvent = (...args) => {
    if (waiting.length) waiting.shift().resolve({ value: args, done: false });
    else values.push(args);
  };
  const onError = (error) => {
    failure = error;
    const waiter = waiting.shift();
    if (waiter) {
      failure = null;
      waiter.reject(error);
    }
    iterator.return();
  };
  const onAbort = () => onError(new AbortError(undefined, { cause: signal.reason }));
  const onClose = () => iterator.return();

  const iterator = {
    next() {
      if (values.length) return Promise.resolve({ value: values.shift(), done: false });
      if (failure) {
        const error = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (finished) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      emitter.removeListener('error', onError);
      emitter.removeListener(type, onEvent);
      for (const name of close) emitter.removeListener(name, onClose);
      signal?.removeEventListener('abort', onAbort);
      finished = true;
      for (const waiter of waiting.splice(0)) waiter.resolve({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error) {
      if (!(error instanceof Error)) throw invalidArgType('EventEmitter.AsyncIterator', 'Error', error);
      onError(error);
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  emitter.on(type, onEvent);
  if (type !== 'error') emitter.on('error', onError);
  for (const name of close) emitter.on(name, onClose);
  signal?.addEventListener('abort', onAbort, { once: true });
  return iterator;
}

class EventEmitterAsyncResource extends EventEmitter {}

Object.assign(EventEmitter, {
  EventEmitter,
  EventEmitterAsyncResource,
  once,
  on,
  errorMonitor,
  captureRejectionSymbol: CAPTURE,
  captureRejections: false,
  usingDomains: false,
  getEventListeners: (emitter, type) => emitter.listeners?.(type) ?? emitter.listenersOf?.(type) ?? [],
  getMaxListeners: (emitter) => emitter.getMaxListeners?.() ?? defaultMaxListeners,
  listenerCount: (emitter, type) => emitter.listenerCount(type),
  setMaxListeners(count = defaultMaxListeners, ...targets) {
    if (!targets.length) defaultMaxListeners = count;
    for (const target of targets) target.setMaxListeners?.(count);
  },
  addAbortListener(signal, listener) {
    if (signal.aborted) queueMicrotask(() => listener());
    else signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
  },
});
Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
  enumerable: true,
  get: () => defaultMaxListeners,
  set(count) {
    if (typeof count !== 'number' || count < 0 || Number.isNaN(count)) {
      throw outOfRange('defaultMaxListeners', 'a non-negative number', count);
    }
    defaultMaxListeners = count;
  },
});

export { EventEmitter };
export default EventEmitter;
