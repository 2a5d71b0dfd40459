const assert = require('node:assert');
const { look } = require('./solution');

const EXPECTED = 'the expected value';

assert.equal(look(), EXPECTED);
