const assert = require('node:assert');
const test = require('node:test');
const { Account, Shape, Square, NotEnough, counter, range, Temperature } = require('./solution');

test('members', () => {
  const account = new Account('ann', 5);
  assert.equal(account.deposit(10).balance, 15);
  assert.equal(account.owner, 'ann');
  account.owner = 'bob';
  assert.equal(`${account}`, 'bob: 15');
  assert.equal(Account.from('eve:3').balance, 3);
  assert.equal(Account.LIMIT, 100);
  assert.equal(account.nothing, undefined);
  assert.ok('owner' in account);
  assert.ok(!('nothing' in account));
  assert.equal(account.constructor, Account);
  assert.equal(Account.name, 'Account');
  assert.throws(() => Account('x'), TypeError);
});

test('inheritance', () => {
  const square = new Square(2);
  assert.ok(square instanceof Square);
  assert.ok(square instanceof Shape);
  assert.ok(!(square instanceof Account));
  assert.equal(square.area(), 4);
  assert.equal(Object.getPrototypeOf(Square), Shape);
});

test('equality', () => {
  assert.deepStrictEqual(new Square(2), new Square(2));
  assert.notDeepStrictEqual(new Square(2), new Square(3));
  assert.notDeepStrictEqual(new Square(2), { side: 2 });
  assert.deepEqual({ ...new Square(2) }, { side: 2 });
  assert.deepEqual(Object.keys(new Square(2)), ['side']);
});

test('errors', () => {
  const account = new Account('ann', 5);
  assert.throws(() => account.withdraw(9), NotEnough);
  assert.throws(() => account.withdraw(9), { name: 'NotEnough', message: '4 missing', missing: 4 });
  assert.throws(() => account.withdraw(9), RangeError);
  assert.throws(() => account.withdraw(9), (error) => error instanceof NotEnough && !(error instanceof TypeError));
  assert.ok(new NotEnough(1) instanceof Error);
});

test('closures', () => {
  const c = counter();
  c.increment();
  c.increment();
  assert.equal(c.count, 2);
  assert.equal(counter().count, 0);
});

test('iteration', () => {
  assert.deepEqual([...range(0, 3)], [0, 1, 2]);
  const [first, second] = range(5, 1e9);
  assert.deepEqual([first, second], [5, 6]);
  const generator = range(0, 2);
  assert.deepEqual(generator.next(), { value: 0, done: false });
  generator.next();
  assert.deepEqual(generator.next(), { value: undefined, done: true });
});

test('as a primitive', () => {
  assert.ok(new Temperature(5) > new Temperature(4));
  assert.equal(new Temperature(5) + 1, 6);
  assert.equal(JSON.stringify(new Temperature(5)), '{"degrees":5}');
});
