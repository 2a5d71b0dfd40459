const assert = require('assert');
const { f, g } = require('./solution');

assert.equal(f(), 1);
const value = g();
assert.equal(value, 2);
