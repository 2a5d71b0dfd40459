const assert = require('node:assert');
const test = require('node:test');
const solution = require('./solution');

test('called', () => {
  const seen = [];
  assert.deepEqual(solution.map([1, 2], (x, i) => seen.push([x, i]) && x + 1), [2, 3]);
  assert.deepEqual(seen, [[1, 0], [2, 1]]);
});

test('errors pass through', () => {
  class Mine extends Error {}
  const error = new Mine('mine');
  assert.throws(() => solution.map([1], () => { throw error; }), (caught) => caught === error);
});

test('errors are caught there', () => {
  assert.equal(solution.safely(() => { throw new RangeError('far'); }), 'RangeError far');
});

test('recursive', () => {
  const back = (n) => (n === 0 ? 0 : solution.forth(back, n - 1) + 1);
  assert.equal(back(20), 20);
});

test('objects of the tests', () => {
  class Node {
    constructor(value, next = null) {
      this.value = value;
      this.next = next;
    }
  }
  let node = solution.reverse(new Node(1, new Node(2, new Node(3))));
  assert.ok(node instanceof Node);
  const values = [];
  for (; node; node = node.next) values.push(node.value);
  assert.deepEqual(values, [3, 2, 1]);
});

test('options', () => {
  let done = 0;
  assert.equal(solution.withOptions({ size: 2, onDone: () => done++ }), 'size 2');
  assert.equal(done, 1);
});

test('functions of the solution', () => {
  const add5 = solution.adder(5);
  assert.equal(add5(1), 6);
  assert.deepEqual(solution.map([1], add5), [6]);
  assert.deepEqual([1, 2].map(solution.adder(1)), [2, 3]);
  assert.equal(add5.call(null, 2), 7);
  assert.equal(solution.memoized(4), 16);
  assert.equal(solution.callThis.call({ x: 3 }), 3);
});

test('iterator of the tests', () => {
  function* numbers() {
    yield 1;
    yield 2;
  }
  assert.equal(solution.total(numbers()), 3);
});
