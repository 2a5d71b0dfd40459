const assert = require('node:assert');
const { after, afterEach, before, beforeEach, describe, it, mock, test } = require('node:test');
const { Stack } = require('./solution');

test('first', () => {
  assert.equal(new Stack().size, 0);
});

test('fails', () => {
  assert.strictEqual(new Stack().size, 1);
});

test('is skipped', { skip: 'not now' }, () => assert.fail());
test.todo('is to be written');
test('skips itself', (t) => t.skip('no need'));
test('with done', (t, done) => setTimeout(done, 1));
test('too slow', { timeout: 20 }, () => new Promise(() => {}));
test('throws', () => new Stack().pop());

describe('stack', () => {
  let stack;
  const seen = [];
  before(() => seen.push('before'));
  beforeEach(() => {
    stack = new Stack();
    stack.push(1);
  });
  afterEach(() => seen.push('each'));
  after(() => assert.deepEqual(seen, ['before', 'each', 'each', 'each']));

  it('holds', () => assert.equal(stack.size, 1));
  it('gives back', async () => assert.equal(stack.pop(), 1));
  describe('nested', () => {
    it('too', () => assert.equal(stack.size, 1));
  });
});

describe('broken', () => {
  before(() => {
    throw new Error('no set-up');
  });
  it('never runs', () => {});
});

test('has subtests', async (t) => {
  await t.test('one', () => assert.ok(true));
  await t.test('two', () => assert.ok(false));
});

test('mock', () => {
  const listener = mock.fn(() => 5);
  const stack = new Stack(listener);
  stack.push('x');
  assert.equal(listener.mock.callCount(), 1);
  assert.deepEqual(listener.mock.calls[0].arguments, ['x']);
});
