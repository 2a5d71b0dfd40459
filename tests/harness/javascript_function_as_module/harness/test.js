const assert = require('assert');
const solution = require('./solution');
const { part } = require('./lib/part');
const helper = require('./helper_of_tests');

assert.equal(solution(2), helper.FOUR);
assert.equal(solution.version, 3);
assert.equal(part(), 'part of 2');
