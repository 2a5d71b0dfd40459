const log = [];
setTimeout(() => log.push('c'), 30);
setTimeout(() => log.push('a'), 10);
setTimeout(() => log.push('b'), 20);
const cancelled = setTimeout(() => log.push('never'), 5);
clearTimeout(cancelled);
clearTimeout(undefined);
clearTimeout(null);
clearTimeout('nonsense');
const byNumber = +setTimeout(() => log.push('never either'), 5);
clearTimeout(byNumber);
let count = 0;
const interval = setInterval(() => {
  log.push(`i${++count}`);
  if (count === 3) clearInterval(interval);
}, 12);
setTimeout(() => log.push('unref must not hold the program'), 100000).unref();
const refreshed = setTimeout(() => log.push('refreshed'), 15);
setTimeout(() => refreshed.refresh(), 8);
setTimeout((...args) => log.push(args.join()), 1, 'x', 'y');
const immediate = setImmediate(() => log.push('no'));
clearImmediate(immediate);
console.log(typeof interval, interval.hasRef(), typeof interval[Symbol.toPrimitive]());
for (const bad of [undefined, 'string', {}]) {
  try {
    setTimeout(bad);
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
process.on('exit', () => console.log(log.join(' ').replace('i2 refreshed', 'refreshed i2')));
