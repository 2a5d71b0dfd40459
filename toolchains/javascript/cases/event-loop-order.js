const { promisify } = require('util');
setTimeout(() => console.log('timeout 0'), 0);
setTimeout(() => {
  console.log('timeout 1');
  process.nextTick(() => console.log('tick in timeout'));
  Promise.resolve().then(() => console.log('micro in timeout'));
  setImmediate(() => console.log('immediate in timeout'));
  setTimeout(() => console.log('timeout in timeout'), 0);
}, 1);
setImmediate(() => {
  console.log('immediate');
  process.nextTick(() => console.log('tick in immediate'));
  Promise.resolve().then(() => console.log('micro in immediate'));
});
process.nextTick(() => {
  console.log('tick 1');
  process.nextTick(() => console.log('tick in tick'));
  Promise.resolve().then(() => console.log('micro in tick'));
});
Promise.resolve().then(() => {
  console.log('micro 1');
  process.nextTick(() => console.log('tick in micro'));
  queueMicrotask(() => console.log('micro in micro'));
});
process.nextTick((a, b) => console.log('tick', a, b), 1, 2);
(async () => {
  console.log('async start');
  await null;
  console.log('after await');
  await promisify(setTimeout)(5);
  console.log('after sleep');
})();
console.log('main ends');
process.on('beforeExit', () => console.log('beforeExit'));
process.on('exit', (code) => console.log('exit', code));
