// AsyncLocalStorage, AsyncResource, and as much of the rest of async_hooks as libraries touch.

import { captureContext, enterContext, runInContext } from './async-context.js';
import { checkFunction } from './node-errors.js';

/** The present context with one storage's value changed. Contexts are never changed in place. */
function contextWith(storage, value) {
  const context = new Map(captureContext());
  if (value === undefined) context.delete(storage);
  else context.set(storage, value);
  return context;
}

export class AsyncLocalStorage {
  #isEnabled = true;

  run(store, callback, ...args) {
    this.#isEnabled = true;
    return runInContext(contextWith(this, store), callback, undefined, args);
  }

  exit(callback, ...args) {
    return runInContext(contextWith(this, undefined), callback, undefined, args);
  }

  enterWith(store) {
    this.#isEnabled = true;
    enterContext(contextWith(this, store));
  }

  getStore() {
    return this.#isEnabled ? captureContext()?.get(this) : undefined;
  }

  disable() {
    this.#isEnabled = false;
  }

  static bind(callback) {
    return AsyncResource.bind(callback);
  }

  static snapshot() {
    const context = captureContext();
    return (callback, ...args) => runInContext(context, callback, undefined, args);
  }
}

let lastId = 1;

export class AsyncResource {
  #context = captureContext();
  #id = ++lastId;

  constructor(type) {
    this.type = type;
  }

  runInAsyncScope(callback, receiver, ...args) {
    return runInContext(this.#context, callback, receiver, args);
  }

  emitDestroy() {
    return this;
  }
  asyncId() {
    return this.#id;
  }
  triggerAsyncId() {
    return 1;
  }

  bind(callback) {
    checkFunction(callback, 'fn');
    const resource = this;
    return function (...args) {
      return resource.runInAsyncScope(callback, this, ...args);
    };
  }

  static bind(callback, type) {
    return new AsyncResource(type ?? 'bound-anonymous-fn').bind(callback);
  }
}

export default {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => ({
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  }),
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: {},
};
