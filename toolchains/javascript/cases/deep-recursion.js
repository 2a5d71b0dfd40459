const kinds = {
  plain() { return kinds.plain() + 1; },
  getter: { get x() { return this.x; } },
  proxy: new Proxy({}, { get(target, key, receiver) { return receiver[key]; } }),
  sort() { [2, 1].sort(() => kinds.sort()); },
  replace() { 'a'.replace(/a/, () => kinds.replace()); },
  toString() { return `${kinds}`; },
  generator: function* () { yield* kinds.generator(); },
  regexp() { /(?:a|b)*c/.test('abab'); kinds.regexp(); },
};
for (const run of [() => kinds.plain(), () => kinds.getter.x, () => kinds.proxy.x, kinds.sort, kinds.replace, () => `${kinds}`,
  () => [...kinds.generator()], kinds.regexp, () => JSON.stringify({ toJSON() { return JSON.stringify(this); } }),
  () => new Function('return ' + '('.repeat(1e5) + '1' + ')'.repeat(1e5))(), () => new RegExp('('.repeat(1e5) + ')'.repeat(1e5))]) {
  try {
    run();
    console.log('ended');
  } catch (error) {
    console.log(error.name === 'RangeError' || error.name === 'SyntaxError' ? 'caught' : error);
  }
}
console.log('alive');
