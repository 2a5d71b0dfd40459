const assert = require('node:assert');
const test = require('node:test');
const { answer, list } = require('./solution');

test('loose', () => assert.equal(answer(), 42));
test('strict', () => assert.strictEqual(answer(), 42));
test('not different', () => assert.ok(!(answer() !== 42)));
test('deep', () => assert.deepStrictEqual(list(), [1, 2]));
test('loosely deep', () => assert.deepEqual(list(), [1, 2]));
test('deep in an object', () => assert.deepStrictEqual({ a: answer() }, { a: 42 }));
test('is an array', () => assert.ok(Array.isArray(list())));
test('map', () => assert.deepEqual(answer(), new Map([[1, 2]])));
test('close', () => assert.ok(Math.abs(answer() - 42) < 1e-9));
test('text', () => assert.equal(`${answer()}`, '42'));
