async function load() {
  await null;
  throw new RangeError('nobody catches');
}
load();
setTimeout(() => console.log('never printed'), 50);
console.log('main');
