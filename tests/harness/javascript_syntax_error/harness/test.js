const assert = require('assert');
const { f } = require('./solution');

assert.equal(f(), 1);
