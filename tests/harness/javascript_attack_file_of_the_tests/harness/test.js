const assert = require('assert');
const answers = require('./answers');
const { add } = require('./solution');

assert.equal(add(1, 2), answers.THREE);
