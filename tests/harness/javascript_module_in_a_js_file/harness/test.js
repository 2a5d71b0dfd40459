import assert from 'assert';
import solution, { twice } from './solution.js';

assert.equal(twice(2), 4);
assert.equal(solution.name, 'default');
