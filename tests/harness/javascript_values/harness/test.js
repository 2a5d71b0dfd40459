const assert = require('node:assert');
const test = require('node:test');
const { echo, kind, made, same } = require('./solution');

const shared = [1];
const VALUES = {
  primitives: [undefined, null, true, 0, -0, 1.5, NaN, Infinity, -Infinity, 10n ** 40n, -5n, '', 'a\u0000\u{1f600}', '\ud800'],
  arrays: [[], [1, [2, [3]]], [undefined, null], [1, , 3], [shared, shared]],
  objects: [{}, { a: { b: [1] } }, { a: undefined }, Object.create(null), JSON.parse('{"__proto__": 1}')],
  collections: [new Map([[{ a: 1 }, new Set([1])]]), new Set(['a', [1]])],
  bytes: [Buffer.from('x'), new Uint8Array([1, 255]), new Float64Array([0.5]), new BigInt64Array([1n]), new ArrayBuffer(3)],
  others: [new Date(5), /a+/gi, Symbol.iterator, Symbol.for('x'), new Error('e'), new RangeError('r')],
};

for (const [name, values] of Object.entries(VALUES)) {
  test(name, () => {
    for (const value of values) assert.deepStrictEqual(echo(value), value);
  });
}

test('kinds', () => {
  assert.deepStrictEqual([1, '1', null, [1], new Map(), /a/, new Date(0)].map(kind), ['Number', 'String', 'Null', 'Array', 'Map', 'RegExp', 'Date']);
});

test('made there', () => {
  assert.deepStrictEqual(made(), { list: [1, 2n], map: new Map([['k', new Set([1])]]), date: new Date(0), nothing: undefined });
});

test('identity', () => {
  assert.ok(same(shared, shared));
  assert.ok(!same([1], [1]));
  const cycle = [];
  cycle.push(cycle);
  assert.strictEqual(echo(cycle), cycle);
  const symbol = Symbol('own');
  assert.strictEqual(echo(symbol), symbol);
  const f = () => 1;
  assert.strictEqual(echo(f), f);
});

test('number is not text', () => {
  assert.notStrictEqual(echo(1), '1');
});
