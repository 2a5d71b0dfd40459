// process.nextTick, microtasks and unhandled rejections: what runs between two turns of the event loop.

import native from './native.js';
import { checkFunction } from './node-errors.js';
import { captureContext, runInContext } from './async-context.js';

let queue = [];
let queueStart = 0;

/** Rejected promises without a handler, in the order of their rejection. */
const rejected = new Map();
/** Promises already reported; a handler added later is worth a 'rejectionHandled'. */
const reported = new WeakSet();

let handledLate = [];

let onUncaught;
let onUnhandledRejection;
let onRejectionHandled;

/** lifecycle.js says what to do about errors that nobody caught. */
export function setErrorHandlers(handlers) {
  ({ onUncaught, onUnhandledRejection, onRejectionHandled } = handlers);
}

export function nextTick(callback, ...args) {
  checkFunction(callback, 'callback');
  queue.push({ callback, args, context: captureContext() });
}

export function queueMicrotask(callback) {
  checkFunction(callback, 'callback');
  microtask.then(() => {
    try {
      callback();
    } catch (error) {
      onUncaught(error);
    }
  });
}
const microtask = Promise.resolve();

export function trackRejection(promise, reason, handled) {
  if (!handled) {
    rejected.set(promise, reason);
  } else if (!rejected.delete(promise) && reported.delete(promise)) {
    handledLate.push(promise);
  }
}

function runTicks() {
  while (queueStart < queue.length) {
    const { callback, args, context } = queue[queueStart++];
    try {
      runInContext(context, callback, undefined, args);
    } catch (error) {
      onUncaught(error);
    }
  }
  queue = [];
  queueStart = 0;
}

/** Runs everything that comes before the next turn: all ticks, then all microtasks, until there are none of either. */
export function drain() {
  do {
    if (queue.length) runTicks();
    native.runJobs();
    while (queue.length) {
      runTicks();
      native.runJobs();
    }
  } while ((rejected.size || handledLate.length) && reportRejections());
}

/** For ES modules, whose code is itself a microtask: the other microtasks come before the ticks. */
export function drainMicrotasksFirst() {
  native.runJobs();
  drain();
}

function reportRejections() {
  const late = handledLate;
  handledLate = [];
  for (const promise of late) onRejectionHandled(promise);
  const list = [...rejected];
  rejected.clear();
  for (const [promise, reason] of list) {
    reported.add(promise);
    onUnhandledRejection(reason, promise);
  }
  return queue.length > 0 || rejected.size > 0 || list.length > 0 || late.length > 0;
}
