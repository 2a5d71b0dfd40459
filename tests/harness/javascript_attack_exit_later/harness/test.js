const assert = require('node:assert');
const test = require('node:test');
const solution = require('./solution');

test('waits', async () => {
  await assert.rejects(solution.never());
});
test('after', () => {});
