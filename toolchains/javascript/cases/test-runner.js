const test = require('node:test');
const assert = require('node:assert');
test('passes', () => assert.ok(true));
test('fails', async () => { await null; assert.strictEqual(1, 2); });
test.describe('suite', () => {
  test.it('inside', () => {});
});
