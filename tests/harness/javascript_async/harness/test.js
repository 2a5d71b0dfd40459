const assert = require('node:assert');
const test = require('node:test');
const solution = require('./solution');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('together', async () => {
  const start = Date.now();
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => solution.after(100, n))), [1, 2, 3]);
  assert.ok(Date.now() - start < 280);
});

test('rejects', async () => {
  await assert.rejects(solution.fails(), solution.Late);
  await assert.rejects(() => solution.fails(), { message: 'late', code: 'E_LATE' });
});

test('callback', async () => {
  const plus = async (x) => {
    await sleep(2);
    return x + 1;
  };
  assert.equal(await solution.twice(plus, 1), 3);
});

test('rejection of a callback', async () => {
  class Mine extends Error {}
  const fail = async () => {
    throw new Mine('mine');
  };
  await assert.rejects(solution.twice(fail, 1), Mine);
});

test('debounce', async () => {
  let calls = 0;
  const debounced = solution.debounce(() => calls++, 20);
  debounced();
  debounced();
  assert.equal(calls, 0);
  await sleep(60);
  assert.equal(calls, 1);
});

test('async generator', async () => {
  const seen = [];
  for await (const n of solution.count(3)) seen.push(n);
  assert.deepEqual(seen, [0, 1, 2]);
});

test('thenable and events', async () => {
  const emitter = new solution.Ticker();
  const ticks = [];
  emitter.on('tick', (n) => ticks.push(n));
  await emitter.run(3);
  assert.deepEqual(ticks, [1, 2, 3]);
});

test('promise of the tests', async () => {
  assert.equal(await solution.plusOne(sleep(5).then(() => 4)), 5);
});

test('wrong', async () => {
  assert.equal(await solution.after(1, 'a'), 'b');
});
