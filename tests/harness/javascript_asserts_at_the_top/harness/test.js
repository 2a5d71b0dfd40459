const assert = require('assert');
const { double } = require('./solution');

assert.equal(double(2), 4);
assert.strictEqual(double(2), 5);
assert.strictEqual(double(2), 5, 'five');
assert(double(0) === 0);
assert(double(1) === 0);
assert.deepEqual([1, 2].map(double), [2, 4]);
assert.throws(() => double(null), TypeError);
assert.throws(() => double(1), TypeError);
for (const n of [1, 2]) {
  assert.ok(double(n) > 2);
}
assert.equal(double(null), 0);
assert.deepEqual(
  [double(1), // )
    /[)"]/.source, `)${double(null)}`],
  [],
);
assert.ok(double(5) === 10)
assert.ok(true); // the last (
const text = `
assert.equal(double(2), 4);
`;
assert.ok(!text.includes('check'));
{
  const { equal } = assert;
  equal(double(1), 3);
}
