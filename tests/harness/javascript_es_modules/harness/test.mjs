import assert, { deepEqual } from 'node:assert';
import { describe, it } from 'node:test';
import greet, { add, Point as P } from './solution.mjs';
import * as all from './solution.mjs';
import old from './old.cjs';
import { named } from './old.cjs';

assert.equal(add(1, 2), 3);
deepEqual(Object.keys(all).sort(), ['Point', 'add', 'default', 'later']);
assert.equal(greet('x'), 'hello x');
assert.equal(old.named(), 'named');
assert.equal(named(), 'named');
assert.equal(await all.later(), 'later');

describe('point', () => {
  it('adds', () => assert.equal(new P(1, 2).sum(), 3));
  it('is wrong', () => assert.equal(add(1, 1), 3));
});
