const assert = require('node:assert');
const test = require('node:test');
const solution = require('./solution');

test('throws', () => assert.throws(() => solution.leave()));
test('rejects', () => assert.rejects(async () => solution.leave()));
test('swallowed', () => {
  let result = 5;
  try {
    result = solution.leave();
  } catch {}
  assert.equal(result, 5);
});
