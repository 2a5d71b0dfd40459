process.nextTick(() => console.log('tick'));
Promise.resolve().then(() => console.log('micro')).then(() => console.log('micro 2'));
setTimeout(() => console.log('timeout'), 0);
queueMicrotask(() => console.log('queued'));
console.log('main');
await null;
console.log('after await');
