// What node-inspect-extracted needs of the engine. Loaded before it, see bundle.mjs.

import native from './native.js';

const ONLY_ENUMERABLE = 2;

/** The keys beside the elements. The package's own way makes a descriptor of each element, too slow for long arrays. */
function getOwnNonIndexProperties(value, filter = ONLY_ENUMERABLE) {
  const keys = native.nonIndexKeys(value, filter === ONLY_ENUMERABLE);
  return keys;
}

function getProxyDetails(value, withHandler = true) {
  const parts = native.proxyParts(value);
  return parts && (withHandler ? parts : parts[0]);
}

/** The entries that an iterator has yet to give, or those of a weak collection, which stay unknown. */
function previewEntries(value, isIterator) {
  const preview = native.previewIterator(value);
  if (!isIterator) return preview ? preview[0] : [];
  return preview ?? [[], false];
}

function getConstructorName(value) {
  for (let object = value; object !== null && object !== undefined; object = Object.getPrototypeOf(object)) {
    const own = Object.getOwnPropertyDescriptor(object, 'constructor');
    if (own && typeof own.value === 'function' && own.value.name !== '') return own.value.name;
  }
  return '';
}

globalThis[Symbol.for('inspect internals')] = ({ kPending, kRejected }) => ({
  getOwnNonIndexProperties,
  getProxyDetails,
  previewEntries,
  getConstructorName,
  getPromiseDetails(promise) {
    const [state, result] = native.promiseState(promise);
    return [state === 0 ? kPending : state === 2 ? kRejected : undefined, result];
  },
});
