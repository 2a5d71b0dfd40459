const assert = require('node:assert/strict');
const solution = require('./solution.js');

assert.equal(solution.text(), '1');
assert.equal(solution.text(), 1);
assert.rejects(solution.fails(), /late/);
assert.rejects(solution.text2());
assert.doesNotReject(async () => solution.text2());
assert.match(solution.text(), /[0-9]/);
