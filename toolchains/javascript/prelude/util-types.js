// util.types: what a value is inside, whatever its prototype says.

import native from './native.js';

/** A test by a method that only works on the right kind of object. */
function accepts(method) {
  return (value) => {
    try {
      method.call(value);
      return true;
    } catch {
      return false;
    }
  };
}

const isObject = (value) => value !== null && typeof value === 'object';
const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
const getter = (Class, name) => Object.getOwnPropertyDescriptor(Class.prototype, name).get;
const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
).get;
const typedArrayName = (value) => (ArrayBuffer.isView(value) ? typedArrayTag.call(value) : undefined);

const isMap = accepts(getter(Map, 'size'));
const isSet = accepts(getter(Set, 'size'));
const hasWeak = (Class) => {
  const { has } = Class.prototype;
  return accepts(function () {
    has.call(this, this);
  });
};
const isArrayBuffer = accepts(getter(ArrayBuffer, 'byteLength'));
const AsyncFunction = (async () => {}).constructor;
const GeneratorFunction = function* () {}.constructor;
const AsyncGeneratorFunction = async function* () {}.constructor;

const types = {
  isExternal: () => false,
  isDate: accepts(Date.prototype.getTime),
  isArgumentsObject: (value) => isObject(value) && tagOf(value) === 'Arguments' && !(Symbol.toStringTag in value),
  isBigIntObject: (value) => isObject(value) && accepts(BigInt.prototype.valueOf)(value),
  isBooleanObject: (value) => isObject(value) && accepts(Boolean.prototype.valueOf)(value),
  isNumberObject: (value) => isObject(value) && accepts(Number.prototype.valueOf)(value),
  isStringObject: (value) => isObject(value) && accepts(String.prototype.valueOf)(value),
  isSymbolObject: (value) => isObject(value) && accepts(Symbol.prototype.valueOf)(value),
  isBoxedPrimitive: (value) =>
    types.isNumberObject(value) ||
    types.isStringObject(value) ||
    types.isBooleanObject(value) ||
    types.isBigIntObject(value) ||
    types.isSymbolObject(value),
  isNativeError: (value) => Error.isError(value),
  isRegExp: (value) =>
    isObject(value) && !types.isProxy(value) && accepts(getter(RegExp, 'source'))(value) && value !== RegExp.prototype,
  isAsyncFunction: (value) => value instanceof AsyncFunction || value instanceof AsyncGeneratorFunction,
  isGeneratorFunction: (value) => value instanceof GeneratorFunction || value instanceof AsyncGeneratorFunction,
  isGeneratorObject: (value) => isObject(value) && (tagOf(value) === 'Generator' || tagOf(value) === 'AsyncGenerator'),
  isPromise: (value) => isObject(value) && native.promiseState(value)[0] >= 0,
  isMap,
  isSet,
  isMapIterator: (value) =>
    isObject(value) && native.previewIterator(value) !== undefined && tagOf(value) === 'Map Iterator',
  isSetIterator: (value) =>
    isObject(value) && native.previewIterator(value) !== undefined && tagOf(value) === 'Set Iterator',
  isWeakMap: hasWeak(WeakMap),
  isWeakSet: hasWeak(WeakSet),
  isArrayBuffer: (value) => isArrayBuffer(value) && !(value instanceof SharedArrayBuffer),
  isSharedArrayBuffer: (value) => value instanceof SharedArrayBuffer,
  isAnyArrayBuffer: isArrayBuffer,
  isDataView: (value) => ArrayBuffer.isView(value) && typedArrayName(value) === undefined,
  isProxy: (value) => native.proxyParts(value) !== undefined,
  isModuleNamespaceObject: (value) =>
    isObject(value) && tagOf(value) === 'Module' && Object.getPrototypeOf(value) === null,
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: (value) => typedArrayName(value) !== undefined,
  isCryptoKey: () => false,
  isKeyObject: () => false,
};

for (const name of [
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]) {
  types[`is${name}`] = (value) => typedArrayName(value) === name;
}

export default types;
