const f = (x) => x * 2;
class MyError extends RangeError { constructor(c) { super('code ' + c); this.code = c; this.name='MyError'; } }
class Stack { constructor(...a) { this.items = a; } push(x) { this.items.push(x); return this; } get size() { return this.items.length; } *[Symbol.iterator]() { yield* this.items; } static of(...a) { return new Stack(...a); } }
module.exports = { f, MyError, Stack, my() { throw new MyError(7); }, sort(l) { l.sort(); }, 
  *gen(n) { for (let i = 0; i < n; i++) yield i; }, apply(cb, x) { return cb(x); },
  async slow(x) { await new Promise((r) => setTimeout(r, 30)); return x; }, async fail() { throw new MyError(3); },
  async acb(cb) { return (await cb(3)) + 1; },
  counter() { let n = 0; return { inc() { n++; }, get count() { return n; } }; },
  debounce(fn, ms) { let t; return (...a) => { clearTimeout(t); t = setTimeout(() => fn(...a), ms); }; },
  echo: (x) => x, steal: (cb) => cb.constructor, globalOf: (o) => o.constructor.constructor('return 5')() };
console.log('hi from solution');
