// Deep comparison, for assert and util.isDeepStrictEqual.

import types from './util-types.js';

function sameNumber(a, b, strict) {
  return strict ? Object.is(a, b) : a == b || (Number.isNaN(a) && Number.isNaN(b)); // eslint-disable-line eqeqeq
}

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function ownKeys(object, withSymbols) {
  const keys = Object.keys(object);
  if (withSymbols) {
    for (const symbol of Object.getOwnPropertySymbols(object)) {
      if (Object.prototype.propertyIsEnumerable.call(object, symbol)) keys.push(symbol);
    }
  }
  return keys;
}

/** Pairs that are being compared further up, so that cycles end. */
class Comparison {
  #strict;
  #open = [];

  constructor(strict) {
    this.#strict = strict;
  }

  equal(a, b) {
    const strict = this.#strict;
    if (a === b) return a !== 0 || !strict || Object.is(a, b);
    if (strict) {
      if (typeof a !== 'object') return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
      if (typeof b !== 'object' || a === null || b === null) return false;
      if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    } else {
      if (a === null || typeof a !== 'object') {
        if (b === null || typeof b !== 'object') return sameNumber(a, b, false);
        return false;
      }
      if (b === null || typeof b !== 'object') return false;
    }
    return this.#objects(a, b);
  }

  #objects(a, b) {
    const tag = Object.prototype.toString.call(a);
    if (tag !== Object.prototype.toString.call(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    if (types.isDate(a)) {
      if (!types.isDate(b) || !Object.is(a.getTime(), b.getTime())) return false;
    } else if (types.isRegExp(a)) {
      if (!types.isRegExp(b) || String(a) !== String(b) || a.lastIndex !== b.lastIndex) return false;
    } else if (types.isNativeError(a)) {
      if (!types.isNativeError(b) || a.message !== b.message || a.name !== b.name) return false;
      if (!this.#sameHidden(a, b, 'cause') || !this.#sameHidden(a, b, 'errors')) return false;
    } else if (types.isTypedArray(a)) {
      if (!types.isTypedArray(b) || a.length !== b.length) return false;
      if (!this.#strict && /^Float/.test(a.constructor.name)) {
        for (let i = 0; i < a.length; i++) if (!sameNumber(a[i], b[i], false)) return false;
      } else if (!sameBytes(bytesOf(a), bytesOf(b))) {
        return false;
      }
    } else if (types.isAnyArrayBuffer(a)) {
      if (!types.isAnyArrayBuffer(b) || !sameBytes(new Uint8Array(a), new Uint8Array(b))) return false;
    } else if (types.isBoxedPrimitive(a)) {
      if (!types.isBoxedPrimitive(b) || !Object.is(a.valueOf(), b.valueOf())) return false;
    } else if (types.isWeakMap(a) || types.isWeakSet(a) || types.isPromise(a)) {
      return false;
    }
    return this.#contents(a, b);
  }

  #sameHidden(a, b, name) {
    return Object.hasOwn(a, name) === Object.hasOwn(b, name) && this.equal(a[name], b[name]);
  }

  #contents(a, b) {
    if (this.#open.some(([x, y]) => x === a && y === b)) return true;
    if (Array.isArray(a) && a.length !== b.length) return false;
    const isArrayLike = types.isTypedArray(a);
    if (!isArrayLike) {
      const keysA = ownKeys(a, this.#strict);
      const keysB = ownKeys(b, this.#strict);
      if (keysA.length !== keysB.length || !keysA.every((key) => Object.prototype.propertyIsEnumerable.call(b, key)))
        return false;
      this.#open.push([a, b]);
      const same = keysA.every((key) => this.equal(a[key], b[key])) && this.#collections(a, b);
      this.#open.pop();
      return same;
    }
    return true;
  }

  #collections(a, b) {
    if (types.isSet(a)) return types.isSet(b) && this.#sets(a, b);
    if (types.isMap(a)) return types.isMap(b) && this.#maps(a, b);
    return !types.isSet(b) && !types.isMap(b);
  }

  #sets(a, b) {
    if (a.size !== b.size) return false;
    const rest = new Set([...b].filter((value) => !a.has(value)));
    for (const value of a) {
      if (b.has(value)) continue;
      const twin = [...rest].find((other) => this.equal(value, other));
      if (twin === undefined && !rest.has(undefined)) return false;
      rest.delete(twin);
    }
    return true;
  }

  #maps(a, b) {
    if (a.size !== b.size) return false;
    const rest = new Set([...b.keys()].filter((key) => !a.has(key)));
    for (const [key, value] of a) {
      if (b.has(key)) {
        if (!this.equal(value, b.get(key))) return false;
        continue;
      }
      const twin = [...rest].find((other) => this.equal(key, other) && this.equal(value, b.get(other)));
      if (twin === undefined && !rest.has(undefined)) return false;
      rest.delete(twin);
    }
    return true;
  }
}

export function isDeepEqual(a, b) {
  return new Comparison(false).equal(a, b);
}

export function isDeepStrictEqual(a, b) {
  return new Comparison(true).equal(a, b);
}
