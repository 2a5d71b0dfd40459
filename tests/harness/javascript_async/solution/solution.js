const EventEmitter = require('events');

class Late extends Error {
  code = 'E_LATE';
}

class Ticker extends EventEmitter {
  async run(times) {
    for (let n = 1; n <= times; n++) {
      await after(1);
      this.emit('tick', n);
    }
  }
}

const after = (ms, value) => new Promise((resolve) => setTimeout(() => resolve(value), ms));

module.exports = {
  after,
  Late,
  Ticker,
  async fails() {
    await after(1);
    throw new Late('late');
  },
  twice: async (f, x) => f(await f(x)),
  debounce(f, ms) {
    let timer;
    return (...args) => {
      clearTimeout(timer);
      timer = setTimeout(() => f(...args), ms);
    };
  },
  async *count(n) {
    for (let i = 0; i < n; i++) {
      await after(1);
      yield i;
    }
  },
  plusOne: async (promise) => (await promise) + 1,
};
