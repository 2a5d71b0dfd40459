const assert = require('node:assert');
const test = require('node:test');
const { run } = require('./solution');

globalThis.SECRET = 'the secret';

// To call what it was given, and to hear that an object has no `call`, is all that works.
const isAllowed = (text) => text.startsWith('call ') || /^get \[\["H",\d\],"call"\]: \{"i":1,"r":\["u"\]\}$/.test(text);

test('callback', () => {
  const open = run(() => 1, { toString: () => 'x', f() {} });
  assert.notEqual(open, SECRET);
  assert.deepEqual(open.filter((text) => !isAllowed(text)), []);
});
test('unharmed', () => assert.equal({}.polluted, undefined));
