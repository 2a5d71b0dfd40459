const assert = require('node:assert');
const { test, describe, it, beforeEach, mock } = require('node:test');
const s = require('./solution');
const { f, Stack, MyError } = require('./solution.js');
assert.equal(f(2), 4);
assert.strictEqual(f(2), 5);
for (const i of [0, 1]) assert(f(i) === 0);
test('errors', () => {
  assert.throws(() => s.my(), MyError);
  assert.throws(() => s.my(), { name: 'MyError', message: 'code 7', code: 7 });
  assert.throws(() => s.my(), RangeError);
});
test('stack', () => {
  const st = new Stack(1, 2); st.push(3);
  assert.equal(st.size, 3); assert.deepEqual([...st], [1, 2, 3]); assert.ok(st instanceof Stack);
  assert.strictEqual(st.push(4), st); assert.ok(Stack.of(1) instanceof Stack);
  assert.deepStrictEqual(Stack.of(1), new Stack(1)); assert.notDeepStrictEqual(Stack.of(1), new Stack(2));
});
test('values', () => {
  for (const v of [undefined, null, NaN, -0, Infinity, 10n ** 30n, 'a\ud800', [1, , 3], { a: { b: [new Map([[{ a: 1 }, new Set([1])]])] } }, new Date(5), /a/gi, new Uint8Array([1, 2]), Buffer.from('x'), Object.create(null)])
    assert.deepStrictEqual(s.echo(v), v);
});
test('sort', () => { const l = [3, 1, 2]; s.sort(l); assert.deepEqual(l, [1, 2, 3]); });
test('gen', () => { const g = s.gen(1e9); assert.deepEqual(g.next(), { value: 0, done: false }); assert.deepEqual([...s.gen(3)], [0, 1, 2]); });
test('cb', () => { const cb = mock.fn((x) => x + 1); assert.equal(s.apply(cb, 3), 4); assert.equal(cb.mock.callCount(), 1); });
test('async', async () => {
  assert.deepEqual(await Promise.all([1, 2, 3].map((x) => s.slow(x))), [1, 2, 3]);
  await assert.rejects(s.fail(), MyError);
  await assert.rejects(() => s.fail(), /code 3/);
  assert.equal(await s.acb(async (x) => { await new Promise((r) => setTimeout(r, 5)); return x * 2; }), 7);
});
test('counter', () => { const c = s.counter(); c.inc(); c.inc(); assert.equal(c.count, 2); });
test('debounce', async () => { let n = 0; const d = s.debounce(() => n++, 20); d(); d(); await new Promise((r) => setTimeout(r, 60)); assert.equal(n, 1); });
test('steal', () => { assert.throws(() => s.steal(() => 1), TypeError); class A {} assert.throws(() => s.globalOf(new A()), TypeError); });
describe('suite', () => { let n = 0; beforeEach(() => n++); it('one', () => assert.equal(n, 1)); it('two', () => assert.equal(n, 3)); it.skip('three', () => {}); });
test('sub', async (t) => { await t.test('a', () => {}); await t.test('b', () => assert.equal(f(1), 3)); });
test('speed', () => { const t = performance.now(); for (let i = 0; i < 1000; i++) f(i); console.log('per second', 1000 / (performance.now() - t) * 1000); });
