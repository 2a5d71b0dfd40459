process.on('uncaughtException', (error, origin) => console.log('caught', error.message, origin));
queueMicrotask(() => { throw new Error('microtask'); });
setTimeout(() => { throw new Error('timer'); });
setTimeout(() => Promise.reject(new Error('rejection')), 5);
setTimeout(() => setImmediate(() => { throw new Error('immediate'); }), 15);
console.log('main');
