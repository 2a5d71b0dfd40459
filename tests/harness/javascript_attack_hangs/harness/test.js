const assert = require('node:assert');
const test = require('node:test');
const { add } = require('./solution');

assert.equal(add(1, 2), 3);
test('add', () => assert.strictEqual(add(2, 2), 4));
test('again', () => assert.strictEqual(add(0, 0), 0));
