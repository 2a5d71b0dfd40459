// What the solution may do to an object of the tests that it was given: call it, and use what is public of it.
//
// From the constructor of any function, code can be made that runs among the tests; so nothing leads there. Used by
// harness_host.js.
'use strict';

const CLOSED = new Set(['constructor', 'prototype', 'caller', 'callee', 'arguments']);
const OPERATIONS = new Set([
  'get',
  'set',
  'has',
  'delete',
  'keys',
  'symbols',
  'descriptor',
  'call',
  'new',
  'inspect',
  'prototype',
]);
const CHANGES = new Set(['set', 'delete']);
const OPEN_OF_FUNCTIONS = new Set(['name', 'length', Symbol.hasInstance]);
const MAKERS = new Set(
  [function () {}, async function () {}, function* () {}, async function* () {}].map(
    (example) => Object.getPrototypeOf(example).constructor,
  ),
);
const functionsOf = (object) =>
  Object.getOwnPropertyNames(object)
    .filter((name) => !['caller', 'arguments'].includes(name))
    .map((name) => object[name]);
const refused = new Set([globalThis, process, Reflect, Object.prototype, Function.prototype, ...MAKERS, eval]);
for (const object of [Object, Reflect, Function.prototype]) for (const each of functionsOf(object)) refused.add(each);

/** Throws TypeError for what the solution may not do. `wasGiven` knows the objects that it was given. */
function check(operation, values, wasGiven) {
  const [target, key] = values;
  if (!wasGiven(target)) throw new TypeError(`\`${operation}\` can be asked only of an object that the tests passed`);
  if (!OPERATIONS.has(operation) || refused.has(target))
    throw new TypeError(`\`${operation}\` cannot be asked of an object of the tests`);
  if (operation === 'prototype')
    throw new TypeError('the prototype of an object of the tests is not open to the solution');
  if (operation === 'call' || operation === 'new') {
    if (typeof target !== 'function') throw new TypeError('this object of the tests cannot be called');
    return;
  }
  if (operation === 'inspect' || operation === 'keys' || operation === 'symbols') return;
  const isClosed =
    (typeof key !== 'string' && typeof key !== 'symbol') ||
    CLOSED.has(key) ||
    (typeof key === 'string' && key.startsWith('__')) ||
    (typeof target === 'function' &&
      (CHANGES.has(operation) || !(OPEN_OF_FUNCTIONS.has(key) || Object.hasOwn(target, key))));
  if (isClosed) {
    if (operation === 'get' && typeof target !== 'function')
      throw new TypeError(`\`${String(key)}\` of an object of the tests is not open to the solution`);
    if (operation === 'get')
      throw new TypeError(`\`${String(key)}\` of a function of the tests is not open to the solution`);
    throw new TypeError('this of an object of the tests is not open to the solution');
  }
}

module.exports = { check };
