// The context that AsyncLocalStorage keeps through callbacks and promises: an immutable Map from storage to value. The
// engine remembers the current one with each promise reaction (see patch_engine.py); timers, ticks and the like do it
// through these functions.

import native from './native.js';

export const captureContext = native.getContext;

/** Calls a function in a context and restores the present one after it. */
export function runInContext(context, callback, receiver, args) {
  const outer = native.getContext();
  if (context === outer) return Reflect.apply(callback, receiver, args);
  native.setContext(context);
  try {
    return Reflect.apply(callback, receiver, args);
  } finally {
    native.setContext(outer);
  }
}

export function enterContext(context) {
  native.setContext(context);
}
