const util = require('util');
class Point { constructor() { this.x = 1; this.y = 2; } get sum() { return 3; } static s = 1; }
class Sub extends Map { constructor() { super([[1, 2]]); this.extra = true; } }
const cycle = { name: 'c' };
cycle.self = cycle;
console.log([1, 'a', null, undefined, true, 10n, Symbol('s'), -0, NaN], { 'a-b': 1, c: [[[[1]]]], d: { e: { f: { g: 1 } } } });
console.log(new Point(), Point, new Sub(), Object.create(null), Object.create({ a: 1 }), cycle);
console.log([function named() {}, () => {}, class {}, async () => {}, function* gen() {}, async function* ag() {}]);
console.log(new Map([['a', { b: 1 }]]), new Set(['x', [1]]), new WeakMap(), new WeakSet());
console.log(new Map([[1, 2]]).entries(), new Map([[1, 2]]).keys(), new Set([5]).values(), [1][Symbol.iterator]());
console.log(Promise.resolve(1), Promise.reject(2).catch(() => {}) && new Promise(() => {}), (async () => { throw 3; })().catch(() => {}));
console.log(new Date(0), new Date(NaN), /re/gi, new Error('e').message, [new Error('in array')].length);
console.log(new Uint8Array(3), new Float64Array([1.5]), new ArrayBuffer(4), new DataView(new ArrayBuffer(1)), Buffer.from('buf'));
console.log(Array.from({ length: 120 }, (x, i) => i), 'x'.repeat(5), ['a'.repeat(100)]);
console.log([, 1, , , 2], Object.assign([1], { key: 'v' }), [undefined, , null]);
console.log({ get a() { return 1; }, set b(v) {}, get c() { return 1; }, set c(v) {} }, { [Symbol('k')]: 1, 'with space': 1, 1: 2 });
console.log(util.inspect('it\'s'), util.inspect("a\n'b'\"c\""), util.inspect(new String('s')), util.inspect(Object(1n)), util.inspect(Object(Symbol('o'))));
console.log(util.inspect({ a: { b: { c: { d: {} } } } }, { depth: Infinity }), util.inspect([1, 2, 3], { maxArrayLength: 1 }), util.inspect({ b: 1, a: 2 }, { sorted: true }));
console.log(util.inspect(new Proxy({ t: 1 }, {}), { showProxy: true }), util.inspect(new Proxy(() => {}, {})));
console.log({ [util.inspect.custom]() { return 'CUSTOM'; } }, { toString() { return 'no'; } });
console.log(globalThis === global, typeof globalThis, process.version.startsWith('v'), util.inspect(Math).slice(0, 13), JSON, Reflect, Atomics);
console.log(util.inspect({ a: 1, b: 'x', c: [1, 2] }, { compact: false }), util.inspect({ a: 1 }, { colors: true }));
console.log((function () { return arguments; })(1, 2), new (class extends Array {})(3), new (class Foo extends Error { name = 'Foo'; })('m').name);
console.log('%s %s %s %s', {}, [1, [2, [3]]], () => {}, Symbol('x'), class Q {}, null, undefined, 5n, -0);
console.log({ long: 'a'.repeat(80), next: 'b'.repeat(30) }, { a: 'multi\nline' }, [['nested', ['deep', ['deeper', ['deepest']]]]]);
console.log([1.5, 2.25, 100, 20000, 3, 4, 5, 6, 7, 8, 9, 10], ['apple', 'banana', 'cherry', 'dates', 'elderberry', 'fig', 'grape', 'honeydew']);
console.log(new (class A { constructor() { this.self = this; this.list = [this]; } })());
console.log(Object.defineProperty({}, 'hidden', { value: 1 }), util.inspect(Object.defineProperty({}, 'hidden', { value: 1 }), { showHidden: true }));
console.log(util.types.isProxy(new Proxy({}, {})), util.types.isPromise(Promise.resolve()), util.types.isDate(new Date()), util.isDeepStrictEqual({ a: [1, new Map([[1, { b: 2 }]])] }, { a: [1, new Map([[1, { b: 2 }]])] }));
