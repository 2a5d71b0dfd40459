// setTimeout and its family. lifecycle.js runs what is due.

import native from './native.js';
import { checkFunction } from './node-errors.js';
import { captureContext, runInContext } from './async-context.js';
import { drain } from './ticks.js';
import { inspect } from './inspect.js';

const LONGEST_MS = 2 ** 31 - 1;

let lastId = 0;
let reportError;

/** All timers that can still fire, as a binary heap: the next one is first. */
const heap = [];
const timersById = new Map();
/** How many timers keep the program alive. */
let aliveTimers = 0;

let immediates = [];
let aliveImmediates = 0;

export function setTimerErrorHandler(handler) {
  reportError = handler;
}

function isBefore(a, b) {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function place(timer, index) {
  heap[index] = timer;
  timer.heapIndex = index;
}

function siftUp(timer, index) {
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(timer, heap[parent])) break;
    place(heap[parent], index);
    index = parent;
  }
  place(timer, index);
}

function siftDown(timer, index) {
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
    if (!isBefore(heap[child], timer)) break;
    place(heap[child], index);
    index = child;
  }
  place(timer, index);
}

function removeFromHeap(timer) {
  const index = timer.heapIndex;
  if (index < 0) return;
  timer.heapIndex = -1;
  const last = heap.pop();
  if (last === timer) return;
  if (index > 0 && isBefore(last, heap[(index - 1) >> 1])) siftUp(last, index);
  else siftDown(last, index);
}

function checkedDelay(delay) {
  const milliseconds = +delay;
  if (milliseconds > LONGEST_MS) {
    process.emitWarning(
      `${milliseconds} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`,
      'TimeoutOverflowWarning',
    );
    return 1;
  }
  return milliseconds >= 1 ? Math.trunc(milliseconds) : 1;
}

export class Timeout {
  constructor(callback, delay, args, repeat) {
    this._idleTimeout = delay;
    this._onTimeout = callback;
    this._repeat = repeat ? delay : null;
    // Everything else is nothing for console.log to show.
    Object.defineProperties(this, {
      args: { value: args, writable: true },
      context: { value: captureContext() },
      id: { value: ++lastId },
      heapIndex: { value: -1, writable: true },
      due: { value: 0, writable: true },
      order: { value: 0, writable: true },
      isRef: { value: true, writable: true },
      isActive: { value: false, writable: true },
    });
    this.start();
  }

  start() {
    // Node counts in whole milliseconds, and so do we: timers set one after the other with the same delay stay in order.
    this.due = Math.floor(native.now()) + this._idleTimeout;
    this.order = ++lastId;
    if (!this.isActive) {
      this.isActive = true;
      if (this.isRef) aliveTimers++;
    }
    if (this.heapIndex >= 0) removeFromHeap(this);
    heap.push(this);
    siftUp(this, heap.length - 1);
  }

  stop() {
    removeFromHeap(this);
    if (!this.isActive) return;
    this.isActive = false;
    if (this.isRef) aliveTimers--;
    timersById.delete(this.id);
  }

  ref() {
    if (!this.isRef) {
      this.isRef = true;
      if (this.isActive) aliveTimers++;
    }
    return this;
  }

  unref() {
    if (this.isRef) {
      this.isRef = false;
      if (this.isActive) aliveTimers--;
    }
    return this;
  }

  hasRef() {
    return this.isRef;
  }

  refresh() {
    if (this.isActive || this._onTimeout) this.start();
    return this;
  }

  close() {
    this._onTimeout = null;
    this.stop();
    return this;
  }

  [Symbol.toPrimitive]() {
    // Only timers whose number was asked for can be cleared by number; this keeps the table empty for all others.
    if (this.isActive) timersById.set(this.id, this);
    return this.id;
  }

  [Symbol.dispose]() {
    this.close();
  }
}

export class Immediate {
  constructor(callback, args) {
    this._onImmediate = callback;
    Object.defineProperties(this, {
      args: { value: args },
      context: { value: captureContext() },
      isRef: { value: true, writable: true },
      isPending: { value: true, writable: true },
    });
    aliveImmediates++;
    immediates.push(this);
  }

  ref() {
    if (!this.isRef && this.isPending) aliveImmediates++;
    this.isRef = true;
    return this;
  }

  unref() {
    if (this.isRef && this.isPending) aliveImmediates--;
    this.isRef = false;
    return this;
  }

  hasRef() {
    return this.isRef;
  }

  settle() {
    if (!this.isPending) return;
    this.isPending = false;
    if (this.isRef) aliveImmediates--;
  }

  [Symbol.dispose]() {
    clearImmediate(this);
  }
}

export function setTimeout(callback, delay, ...args) {
  checkFunction(callback, 'callback');
  return new Timeout(callback, checkedDelay(delay), args, false);
}

export function setInterval(callback, delay, ...args) {
  checkFunction(callback, 'callback');
  return new Timeout(callback, checkedDelay(delay), args, true);
}

export function setImmediate(callback, ...args) {
  checkFunction(callback, 'callback');
  return new Immediate(callback, args);
}

export function clearTimeout(timer) {
  if (timer instanceof Timeout) {
    timer.close();
  } else if (typeof timer === 'number' || typeof timer === 'string') {
    timersById.get(+timer)?.close();
  }
}

export const clearInterval = function clearInterval(timer) {
  clearTimeout(timer);
};

export function clearImmediate(immediate) {
  if (immediate instanceof Immediate) {
    immediate.settle();
    immediate._onImmediate = null;
  }
}

function call(entry, callback) {
  try {
    runInContext(entry.context, callback, entry, entry.args);
  } catch (error) {
    reportError(error);
  }
  drain();
}

/**
 * Runs the timers that are due. `slack` is added to the present for timers that were set before: the first turn takes
 * timers of one millisecond as due, because in Node, too, starting takes longer than that.
 */
export function runTimers(slack) {
  if (!heap.length) return;
  const newest = lastId;
  let now = native.now();
  while (heap.length) {
    const timer = heap[0];
    if (timer.due > now + (timer.order <= newest ? slack : 0)) {
      now = native.now();
      if (timer.due > now) return;
    }
    removeFromHeap(timer);
    const callback = timer._onTimeout;
    if (timer._repeat === null) {
      timer.stop();
      call(timer, callback);
      // An ended timer lets go of its callback, unless refresh() started it again.
      continue;
    }
    call(timer, callback);
    if (timer.isActive && timer.heapIndex < 0) timer.start();
  }
}

/** Runs the immediates set so far; those set meanwhile wait for the next turn. */
export function runImmediates() {
  const list = immediates;
  immediates = [];
  for (const immediate of list) {
    if (!immediate.isPending) continue;
    immediate.settle();
    call(immediate, immediate._onImmediate);
  }
}

/** Milliseconds until the next timer, or Infinity. */
export function nextTimerDelay() {
  return heap.length ? Math.max(0, heap[0].due - native.now()) : Infinity;
}

export function timersKeepAlive() {
  return aliveTimers > 0;
}

export function immediatesKeepAlive() {
  return aliveImmediates > 0;
}

const custom = Symbol.for('nodejs.util.inspect.custom');
for (const Class of [Timeout, Immediate]) {
  Object.defineProperty(Class.prototype, custom, {
    value(depth, options) {
      const shown = { ...this };
      return `${this.constructor.name} ${inspect(shown, { ...options, depth: 0 })}`;
    },
  });
}
