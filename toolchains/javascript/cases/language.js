console.log([3, 1, 2].toSorted(), [1, 2, 3].at(-1), [1, [2, [3]]].flat(Infinity), Object.groupBy ? 'groupBy' : 'groupBy', 'abc'.replaceAll('b', 'x'), 'x'.padStart(3, '-'));
console.log([..."a😀b"].length, 'ß'.toUpperCase(), 'İ'.toLowerCase().length, '\u{1F600}'.codePointAt(0), 'é'.normalize('NFD').length, /\p{L}+/u.exec('añb1')[0], 'aBc'.match(/(?<first>[a-z])/).groups.first);
console.log(2n ** 100n, -7n / 2n, BigInt.asUintN(8, 257n), 0.1 + 0.2, (25).toString(36), parseInt('0x1f'), Number('0b11'), (1e21).toString(), 5e-324, 1 / 3);
label: for (let i = 0; i < 3; i++) { for (;;) { if (i === 1) break label; continue label; } }
class Base { #secret = 1; static #count = 0; static { Base.made = true; } get secret() { return this.#secret; } static inc() { return ++Base.#count; } has(o) { return #secret in o; } }
console.log(new Base().secret, Base.inc(), Base.made, new Base().has(new Base()), new Base().has({}));
const { a = 1, ...rest } = { b: 2, c: 3 };
console.log(a, rest, null ?? 'x', undefined?.x, 0 || 'y', [1, 2, 3].findLast((x) => x < 3), Array.from({ length: 3 }, (x, i) => i * i));
function* counter() { const x = yield 1; console.log('got', x); try { yield 2; } finally { console.log('cleanup'); } }
const it = counter();
console.log(it.next(), it.next('sent'), it.return('early'), it.next());
(async () => {
  async function* gen() { yield 1; yield Promise.resolve(2); }
  for await (const x of gen()) console.log('async gen', x);
  console.log(await Promise.allSettled([Promise.resolve(1), Promise.reject(new Error('no'))]).then((all) => all.map((one) => one.status)), await Promise.any([Promise.reject(1), Promise.resolve(2)]), await Promise.race([new Promise(() => {}), 3]));
  await Promise.any([Promise.reject(1)]).catch((error) => console.log(error.constructor.name, error.errors, error.message));
})();
const weak = new WeakRef({}), proxy = new Proxy({}, { get: (t, k) => `prop ${String(k)}`, has: () => true, ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) });
console.log(proxy.anything, 'y' in proxy, Object.keys(proxy), weak instanceof WeakRef, Reflect.ownKeys({ b: 1, a: 2, 1: 3, [Symbol.iterator]: 4 }).length);
console.log(typeof SharedArrayBuffer, Atomics.add(new Int32Array(4), 0, 5), new Intl.PluralRules('en-US').select(1), eval('1+1'), new Function('a', 'b', 'return a + b')(1, 2), typeof globalThis.gc);
console.log(JSON.stringify({ u: undefined, f() {}, d: new Date(0), n: NaN, nested: { toJSON() { return 'custom'; } } }, null, 2), JSON.stringify('\u2028\ud800'), JSON.parse('[1,{"a":null}]', (k, v) => (v === null ? 'nil' : v)));
console.log(new Date(2024, 1, 29, 12).toISOString(), new Date('2024-01-01').getDay(), Date.parse('Thu, 01 Jan 1970 00:00:00 GMT'), new Date(2020, 0).getTime());
console.log([5, 25, 100, 1].sort(), [3, 2, 1].sort((x, y) => x - y), Math.max(...Array.from({ length: 50000 }, (x, i) => i)), Math.hypot(3, 4), Math.clz32(1), Math.fround(5.5), Math.sign(-3));
var hoisted = typeof later; function later() {} console.log(hoisted, (() => { try { return 'try'; } finally { console.log('finally'); } })(), void 0, typeof undeclared);
with_statement: { const o = { v: 1 }; console.log(new Function('o', 'with (o) { return v; }')(o)); }
console.log(`tagged ${((s, ...v) => s.raw.join('|') + v)`a${1}\n${2}`}`, new.target === undefined, [..."ab"].entries().next(), Symbol.for('x') === Symbol.for('x'), Symbol('d').description);
