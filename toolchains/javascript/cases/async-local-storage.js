const { AsyncLocalStorage, AsyncResource } = require('async_hooks');
const storage = new AsyncLocalStorage();
const show = (label) => console.log(label, storage.getStore());
const outside = Promise.resolve();
let release;
const gate = new Promise((resolve) => { release = resolve; });
storage.run('A', async () => {
  show('sync');
  await null;
  show('after await');
  setTimeout(() => show('timer'), 20);
  setImmediate(() => show('immediate'));
  process.nextTick(() => show('tick'));
  queueMicrotask(() => show('microtask'));
  outside.then(() => show('then on outer promise'));
  await gate;
  show('after a promise that another context resolved');
  storage.run('inner', () => show('inner'));
  show('restored');
  storage.exit(() => show('exit'));
});
storage.run('B', () => setTimeout(() => { show('B resolves'); release(); }, 60));
show('outside');
const bound = storage.run('C', () => AsyncResource.bind(() => show('bound')));
setTimeout(bound, 100);
setTimeout(() => show('outside timer'), 150);
storage.run({ id: 1 }, async () => {
  const inner = new AsyncLocalStorage();
  await inner.run('two', async () => {
    await new Promise((done) => setTimeout(done, 200));
    console.log(storage.getStore(), inner.getStore());
  });
  console.log(inner.getStore());
});
