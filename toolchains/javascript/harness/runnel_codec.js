// Values to JSON and back, for the link between the two sandboxes of a function-level test.
//
// Primitives, arrays, plain objects, maps, sets, dates, patterns, bytes and errors go by value; everything else as a handle.
// Nothing that arrives is evaluated. null, booleans, strings and finite numbers are themselves in JSON; all else is a list
// that opens with a tag. Used by runnel_link.js.
'use strict';

const MOST_NODES = 1_000_000;
const MOST_DEPTH = 200;

const VIEWS = Object.fromEntries(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ]
    .concat([BigInt64Array, BigUint64Array])
    .map((view) => [view.name, view]),
);
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError };
const ERROR_NAMES = new Map(Object.entries(ERRORS).map(([name, type]) => [type.prototype, name]));
const SYMBOLS = new Map(
  ['iterator', 'asyncIterator', 'hasInstance', 'toPrimitive', 'toStringTag', 'species'].map((name) => [
    Symbol[name],
    name,
  ]),
);
const { getPrototypeOf } = Object;
// They are known on both sides. `Function` is not among them: it makes code.
const BUILTINS = [
  Object,
  Array,
  Map,
  Set,
  WeakMap,
  WeakSet,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Date,
  RegExp,
  Promise,
].concat(Object.values(ERRORS), [ArrayBuffer, Buffer], Object.values(VIEWS));
const CONSTRUCTORS = new Map(BUILTINS.map((type) => [type, type.name]));
const PROTOTYPES = new Map([...BUILTINS, Function].map((type) => [type.prototype, type.name]));

function isPlain(value) {
  const prototype = getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a value is what instances of a class inherit from. */
function isPrototype(value) {
  const type = Object.getOwnPropertyDescriptor(value, 'constructor')?.value;
  return typeof type === 'function' && type.prototype === value;
}

/** Whether an object does something, so that a copy of it would not be the same. */
function isActive(value) {
  return Object.values(Object.getOwnPropertyDescriptors(value)).some(
    (each) => each.get || typeof each.value === 'function',
  );
}

const bytesOf = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

class Encoder {
  /** `argumentNumbers`: containers that the receiver has already. */
  constructor(link, argumentNumbers = new Map()) {
    this.link = link;
    this.argumentNumbers = argumentNumbers;
    this.seen = new Map();
    this.containers = []; // by number: what the receiver may update
    this.nodes = 0;
    this.depth = 0;
  }

  encode(value) {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : ['n', Object.is(value, -0) ? '-0' : `${value}`];
      case 'undefined':
        return ['u'];
      case 'bigint':
        return ['i', value.toString(16)];
      case 'symbol':
        return this.symbol(value);
    }
    if (value === null) return null;
    if (++this.nodes > MOST_NODES) throw new RangeError(`a value of more than ${MOST_NODES} parts cannot be passed`);
    if (this.depth >= MOST_DEPTH)
      throw new RangeError(`a value nested deeper than ${MOST_DEPTH} levels cannot be passed`);
    this.depth++;
    const coded = typeof value === 'function' ? this.callable(value) : this.object(value);
    this.depth--;
    return coded;
  }

  symbol(value) {
    if (SYMBOLS.has(value)) return ['y', SYMBOLS.get(value)];
    const key = Symbol.keyFor(value);
    if (this.link.isKnown(value)) return this.link.encodeHandle(value);
    if (key === undefined) return ['ys', this.link.numberOf(value), value.description ?? null];
    return ['yk', key];
  }

  callable(value) {
    return CONSTRUCTORS.has(value) ? ['bc', CONSTRUCTORS.get(value)] : this.link.encodeHandle(value);
  }

  object(value) {
    if (this.link.isKnown(value)) return this.link.encodeHandle(value);
    if (PROTOTYPES.has(value)) return ['bp', PROTOTYPES.get(value)];
    const known = this.argumentNumbers.get(value);
    if (known !== undefined) return ['a', known];
    if (this.seen.has(value)) return ['@', this.seen.get(value)];
    if (Array.isArray(value) && getPrototypeOf(value) === Array.prototype) return this.container('l', value);
    if (value instanceof Map && getPrototypeOf(value) === Map.prototype) return this.container('M', value);
    if (value instanceof Set && getPrototypeOf(value) === Set.prototype) return this.container('S', value);
    if (ArrayBuffer.isView(value)) {
      if (Buffer.isBuffer(value)) return this.container('B', value);
      if (VIEWS[value.constructor?.name]?.prototype === getPrototypeOf(value)) return this.container('T', value);
    }
    if (value instanceof ArrayBuffer) return ['A', Buffer.from(value).toString('base64')];
    if (value instanceof Date && getPrototypeOf(value) === Date.prototype)
      return ['D', this.encode(Date.prototype.getTime.call(value))];
    if (value instanceof RegExp) return ['R', value.source, value.flags, value.lastIndex];
    if (isPrototype(value)) return this.link.encodeHandle(value);
    if (value instanceof Promise) return ['p', this.link.numberOfPromise(value)];
    if (value instanceof Error) return this.error(value);
    if (isPlain(value) && (!this.link.isSolution || !isActive(value))) return this.container('o', value);
    return this.link.encodeHandle(value);
  }

  container(tag, value) {
    const number = this.containers.length;
    this.seen.set(value, number);
    this.containers.push(value);
    const coded = [tag, number, this.content(value)];
    if (tag === 'l' || tag === 'o') coded.push(Object.isFrozen(value) ? 1 : 0);
    if (tag === 'o' && getPrototypeOf(value) === null) coded.push(1);
    if (tag === 'T') coded.push(value.constructor.name);
    return coded;
  }

  /** What is in a container, for a first message or an update. */
  content(value) {
    if (Array.isArray(value)) {
      this.nodes += value.length; // before a huge one is walked
      if (this.nodes > MOST_NODES) throw new RangeError(`a value of more than ${MOST_NODES} parts cannot be passed`);
      return Array.from(value, (item, index) => (item === undefined && !(index in value) ? ['_'] : this.encode(item)));
    }
    if (value instanceof Map) return [...Map.prototype.entries.call(value)].flat(1).map((part) => this.encode(part));
    if (value instanceof Set) return [...Set.prototype.values.call(value)].map((item) => this.encode(item));
    if (ArrayBuffer.isView(value)) return bytesOf(value).toString('base64');
    return Object.keys(value).flatMap((key) => [key, this.encode(value[key])]);
  }

  error(error) {
    let prototype = getPrototypeOf(error);
    const type = prototype?.constructor;
    while (prototype !== null && !ERROR_NAMES.has(prototype)) prototype = getPrototypeOf(prototype);
    const base = ERROR_NAMES.get(prototype) ?? 'Error';
    const custom = typeof type === 'function' && ERRORS[base] !== type ? this.encode(type) : null;
    const properties = Object.getOwnPropertyNames(error)
      .filter((name) => name !== 'stack' && name !== 'message')
      .flatMap((name) => [name, Object.keys(error).includes(name) ? 1 : 0, this.encode(error[name])]);
    return [
      'x',
      this.link.numberOf(error),
      base,
      custom,
      `${error.message}`,
      `${error.name}`,
      properties,
      this.link.placeOf(error),
    ];
  }
}

class Decoder {
  /** `given`: the containers, by number, that the other side was given. */
  constructor(link, given = []) {
    this.link = link;
    this.given = given;
    this.containers = new Map(); // by number: what this message brought
  }

  decode(coded) {
    if (!Array.isArray(coded)) {
      if (coded !== null && typeof coded === 'object') throw new Error('a value that is no value');
      return coded;
    }
    const [tag, ...parts] = coded;
    if (!Object.hasOwn(READERS, tag)) throw new Error('a value of no kind');
    return READERS[tag](this, ...parts);
  }

  place(number, value) {
    this.containers.set(number, value);
    return value;
  }

  /** Puts into a container what the message says is in it. */
  fill(target, content) {
    if (Array.isArray(target)) {
      target.length = 0;
      target.length = content.length;
      content.forEach((item, index) => {
        if (!(Array.isArray(item) && item[0] === '_')) target[index] = this.decode(item);
      });
    } else if (target instanceof Map) {
      target.clear();
      for (let i = 0; i + 1 < content.length; i += 2) target.set(this.decode(content[i]), this.decode(content[i + 1]));
    } else if (target instanceof Set) {
      target.clear();
      for (const item of content) target.add(this.decode(item));
    } else if (ArrayBuffer.isView(target)) {
      bytesOf(target).set(Buffer.from(content, 'base64'));
    } else {
      const keys = new Set(content.filter((_, index) => index % 2 === 0));
      for (const key of Object.keys(target)) if (!keys.has(key)) delete target[key];
      for (let i = 0; i + 1 < content.length; i += 2) put(target, `${content[i]}`, this.decode(content[i + 1]));
    }
    return target;
  }

  error(number, base, custom, message, name, properties, place) {
    const make = () => {
      const type = Object.hasOwn(ERRORS, base) ? ERRORS[base] : Error;
      const error = type === AggregateError ? new AggregateError([], `${message}`) : new type(`${message}`);
      this.link.placeError(error, place);
      return error;
    };
    const [error, isNew] = this.link.foreignObject(number, make);
    if (!isNew) return error;
    const define = (key, value, enumerable) =>
      Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
    if (error.name !== name) define('name', `${name}`, false);
    if (custom !== null) define('constructor', this.decode(custom), false);
    for (let i = 0; i + 2 < properties.length; i += 3)
      define(`${properties[i]}`, this.decode(properties[i + 2]), properties[i + 1] === 1);
    return error;
  }
}

function put(target, key, value) {
  if (Object.hasOwn(target, key) || key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

const frozenIf = (isFrozen, value) => (isFrozen ? Object.freeze(value) : value);

function viewOf(name, text) {
  const bytes = Buffer.from(text, 'base64');
  const view = new VIEWS[name](bytes.length / VIEWS[name].BYTES_PER_ELEMENT);
  bytesOf(view).set(bytes);
  return view;
}

const READERS = {
  'u': () => undefined,
  'n': (_, text) => Number(text),
  'i': (_, text) => (text[0] === '-' ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`)),
  'y': (_, name) => [...SYMBOLS].find(([, known]) => known === name)[0],
  'yk': (_, key) => Symbol.for(`${key}`),
  'ys': (decoder, number, text) => decoder.link.foreignObject(number, () => Symbol(text ?? undefined))[0],
  'bc': (_, name) => [...CONSTRUCTORS].find(([, known]) => known === name)[0],
  'bp': (_, name) => [...PROTOTYPES].find(([, known]) => known === name)[0],
  '@': (decoder, number) => {
    if (!decoder.containers.has(number)) throw new Error('no such container');
    return decoder.containers.get(number);
  },
  'a': (decoder, number) => {
    if (!(number in decoder.given)) throw new Error('no such argument');
    return decoder.given[number];
  },
  'l': (decoder, number, items, isFrozen) => frozenIf(isFrozen, decoder.fill(decoder.place(number, []), items)),
  'o': (decoder, number, items, isFrozen, isBare) =>
    frozenIf(isFrozen, decoder.fill(decoder.place(number, isBare ? Object.create(null) : {}), items)),
  'M': (decoder, number, items) => decoder.fill(decoder.place(number, new Map()), items),
  'S': (decoder, number, items) => decoder.fill(decoder.place(number, new Set()), items),
  'T': (decoder, number, text, name) => decoder.place(number, viewOf(name, text)),
  'B': (decoder, number, text) => decoder.place(number, Buffer.from(text, 'base64')),
  'A': (_, text) => new Uint8Array(Buffer.from(text, 'base64')).buffer,
  'D': (decoder, time) => new Date(decoder.decode(time)),
  'R': (_, source, flags, lastIndex) => Object.assign(new RegExp(source, flags), { lastIndex }),
  'p': (decoder, number) => decoder.link.foreignPromise(number),
  'x': (decoder, ...parts) => decoder.error(...parts),
  'h': (decoder, ...parts) => decoder.link.decodeHandle(...parts),
  'H': (decoder, number) => decoder.link.home(number),
};

/** What a container holds, to see whether it was changed. */
function partsOf(target) {
  if (Array.isArray(target)) return [...target];
  if (target instanceof Map) return [...target].flat(1);
  if (target instanceof Set) return [...target];
  if (ArrayBuffer.isView(target)) return [bytesOf(target).toString('latin1')];
  return Object.entries(target).flat(1);
}

function isSame(before, after) {
  return before.length === after.length && before.every((part, index) => Object.is(part, after[index]));
}

module.exports = { Encoder, Decoder, partsOf, isSame };
