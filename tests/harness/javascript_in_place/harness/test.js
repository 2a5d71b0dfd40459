const assert = require('node:assert');
const test = require('node:test');
const solution = require('./solution');

test('array', () => {
  const numbers = [3, 1, 2];
  assert.strictEqual(solution.sort(numbers), numbers);
  assert.deepStrictEqual(numbers, [1, 2, 3]);
});

test('nested', () => {
  const tree = { a: { b: [1] }, gone: 1 };
  const inner = tree.a.b;
  solution.grow(tree);
  assert.deepStrictEqual(tree, { a: { b: [1, 9] }, added: true });
  assert.strictEqual(tree.a.b, inner);
});

test('map, set, bytes', () => {
  const map = new Map([[1, 2]]);
  const set = new Set([1]);
  const bytes = new Uint8Array([1, 2]);
  solution.change(map, set, bytes);
  assert.deepStrictEqual(map, new Map([[3, 4]]));
  assert.deepStrictEqual(set, new Set([1, 2]));
  assert.deepStrictEqual(bytes, new Uint8Array([2, 1]));
});

test('frozen', () => {
  const frozen = Object.freeze([2, 1]);
  assert.throws(() => solution.sort(frozen), TypeError);
  assert.deepStrictEqual(frozen, [2, 1]);
  assert.deepStrictEqual(solution.sorted(frozen), [1, 2]);
});

test('in spite of an error', () => {
  const list = [1];
  assert.throws(() => solution.pushAndFail(list));
  assert.deepStrictEqual(list, [1, 2]);
});
