// Handles: the proxy that stands on one side of the link for an object or function of the other, and what the other side
// does when it is used. Used by runnel_link.js.
'use strict';

const { inspect } = require('util');

const LOCAL = new Set(['call', 'apply', 'bind']);
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The number of a handle is known to the link, by the proxy itself. */
function makeHandle(link, isFunction) {
  // A bound function can be called and constructed, and has no property that a proxy would have to show.
  const target = isFunction ? function () {}.bind() : {};
  let proxy;
  const ask = (operation, ...values) => link.request(operation, proxy, ...values);
  Object.defineProperty(target, INSPECT, { configurable: true, enumerable: false, value: () => ask('inspect') });
  if (isFunction) {
    delete target.name;
    delete target.length;
  }
  proxy = new Proxy(target, {
    get(_, key) {
      if (key === INSPECT) return target[INSPECT];
      if (isFunction && LOCAL.has(key)) return Function.prototype[key];
      return ask('get', key);
    },
    set: (_, key, value) => ask('set', key, value),
    has: (_, key) => ask('has', key),
    deleteProperty: (_, key) => ask('delete', key),
    ownKeys: () => [...new Set(ask('keys')), ...ask('symbols')],
    getOwnPropertyDescriptor(_, key) {
      const found = ask('descriptor', key);
      return found && { value: found.value, enumerable: found.enumerable === true, writable: true, configurable: true };
    },
    defineProperty: (_, key, descriptor) => ask('set', key, descriptor.value),
    getPrototypeOf: () => ask('prototype'),
    setPrototypeOf: () => false,
    preventExtensions: () => false,
    apply: (_, self, args) => ask('call', self, args),
    construct: (_, args) => ask('new', args),
  });
  return proxy;
}

const OPERATIONS = {
  get: (target, key) => target[key],
  set: (target, key, value) => Reflect.set(target, key, value),
  has: (target, key) => key in target,
  delete: (target, key) => Reflect.deleteProperty(target, key),
  keys: (target) => Object.getOwnPropertyNames(target),
  symbols: () => [],
  descriptor(target, key) {
    const found = Object.getOwnPropertyDescriptor(target, key);
    return found && { value: target[key], enumerable: found.enumerable };
  },
  prototype: (target) => Object.getPrototypeOf(target),
  call: (target, self, args) => Reflect.apply(target, self, args),
  new: (target, args) => Reflect.construct(target, args),
  inspect: (target) => inspect(target).slice(0, 500),
};

module.exports = { makeHandle, OPERATIONS };
