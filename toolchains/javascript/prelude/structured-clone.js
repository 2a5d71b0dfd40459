// structuredClone.

import types from './util-types.js';
import { defineGlobal } from './globals.js';

const ERROR_CLASSES = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function uncloneable(value) {
  const shown = typeof value === 'symbol' ? String(value) : typeof value === 'function' ? `${value}` : '#<Object>';
  return new DOMException(`${shown} could not be cloned.`, 'DataCloneError');
}

function clone(value, seen) {
  if (typeof value === 'function' || typeof value === 'symbol') throw uncloneable(value);
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => {
    seen.set(value, copy);
    return copy;
  };

  if (types.isDate(value)) return keep(new Date(value.getTime()));
  if (types.isRegExp(value)) return keep(new RegExp(value.source, value.flags));
  if (types.isBoxedPrimitive(value)) {
    if (types.isSymbolObject(value)) throw uncloneable(value);
    return keep(Object(value.valueOf()));
  }
  if (types.isAnyArrayBuffer(value)) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen);
    const Class = types.isDataView(value) ? DataView : globalThis[viewName(value)];
    return keep(new Class(buffer, value.byteOffset, types.isDataView(value) ? value.byteLength : value.length));
  }
  if (types.isMap(value)) {
    const copy = keep(new Map());
    for (const [key, item] of [...value]) copy.set(clone(key, seen), clone(item, seen));
    return copy;
  }
  if (types.isSet(value)) {
    const copy = keep(new Set());
    for (const item of [...value]) copy.add(clone(item, seen));
    return copy;
  }
  if (types.isNativeError(value)) return cloneError(value, seen, keep);
  if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value) || types.isProxy(value))
    throw uncloneable(value);

  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) copy[key] = clone(value[key], seen);
  return copy;
}

function viewName(view) {
  return Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get.call(
    view,
  );
}

function cloneError(error, seen, keep) {
  const Class = ERROR_CLASSES[error.name] ?? Error;
  const copy = keep(new Class(error.message));
  copy.stack = error.stack;
  if (Object.hasOwn(error, 'cause')) {
    Object.defineProperty(copy, 'cause', { value: clone(error.cause, seen), writable: true, configurable: true });
  }
  return copy;
}

defineGlobal('structuredClone', function structuredClone(value, options) {
  if (arguments.length === 0) throw new TypeError('The "value" argument must be specified');
  const copy = clone(value, new Map());
  for (const buffer of options?.transfer ?? []) if (buffer instanceof ArrayBuffer) buffer.transfer();
  return copy;
});
