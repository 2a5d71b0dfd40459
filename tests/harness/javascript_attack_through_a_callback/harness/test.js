const assert = require('node:assert');
const test = require('node:test');
const { steal } = require('./solution');

class Player {
  move() {
    return 1;
  }
}

test('function', () => assert.deepEqual(steal(() => 1), []));
test('object', () => assert.deepEqual(steal(new Player()), []));
test('class', () => assert.deepEqual(steal(Player), []));
test('generator', () => assert.deepEqual(steal((function* () {})()), []));
test('still well', () => assert.equal(new Player().move(), 1));
