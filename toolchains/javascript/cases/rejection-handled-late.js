process.on('unhandledRejection', (reason, promise) => {
  console.log('unhandled', reason, promise instanceof Promise);
  setTimeout(() => promise.catch(() => console.log('caught late')), 1);
});
process.on('rejectionHandled', () => console.log('handled'));
Promise.reject('why');
const soon = Promise.reject('soon');
process.nextTick(() => soon.catch((reason) => console.log('caught in time', reason)));
