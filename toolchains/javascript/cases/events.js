const EventEmitter = require('events');
const { once, on } = EventEmitter;
class Own extends EventEmitter {}
const emitter = new Own();
emitter.on('x', function (...args) { console.log('x', args, this === emitter); });
emitter.once('x', () => console.log('once'));
emitter.prependListener('x', () => console.log('first'));
console.log(emitter.emit('x', 1, 2), emitter.emit('x'), emitter.emit('none'), emitter.listenerCount('x'), emitter.eventNames());
const off = () => console.log('never');
emitter.on('y', off).off('y', off);
console.log(emitter.emit('y'), emitter.rawListeners('x').length, emitter.getMaxListeners());
for (const value of [new Error('plain'), 'text', { a: 1 }]) {
  try {
    emitter.emit('error', value);
  } catch (error) {
    console.log(error.message, error.code, error.context);
  }
}
emitter.on('newListener', (name) => console.log('new', name));
emitter.on('removeListener', (name) => console.log('removed', name));
emitter.on('z', off);
emitter.removeAllListeners('z');
try {
  emitter.on('bad', 5);
} catch (error) {
  console.log(error.code, error.message);
}
emitter.on('self', function remove() { emitter.off('self', remove); console.log('self 1'); });
emitter.on('self', () => console.log('self 2'));
emitter.emit('self');
(async () => {
  setTimeout(() => emitter.emit('later', 'value'), 1);
  console.log(await once(emitter, 'later'));
  setTimeout(() => { emitter.emit('many', 1); emitter.emit('many', 2); }, 1);
  for await (const [value] of on(emitter, 'many')) {
    console.log('many', value);
    if (value === 2) break;
  }
  const capturing = new EventEmitter({ captureRejections: true });
  capturing.on('e', async () => { throw new Error('async listener'); });
  capturing.on('error', (error) => console.log('captured', error.message));
  capturing.emit('e');
  const target = new EventTarget();
  target.addEventListener('ping', (event) => console.log(event.type, event instanceof Event, event.target === target), { once: true });
  console.log(target.dispatchEvent(new Event('ping')), target.dispatchEvent(new Event('ping')));
  const controller = new AbortController();
  controller.signal.addEventListener('abort', () => console.log('aborted', controller.signal.reason.name));
  controller.abort();
  console.log(controller.signal.aborted, AbortSignal.abort('why').reason);
  await require('timers/promises').setTimeout(1000, null, { signal: controller.signal }).catch((error) => console.log(error.name, error.code));
  await new Promise((done) => AbortSignal.timeout(1).addEventListener('abort', (event) => { console.log(event.target.reason.name); done(); }) || setTimeout(() => {}, 20));
})();
function Old() { EventEmitter.call(this); }
require('util').inherits(Old, EventEmitter);
new Old().on('a', () => console.log('old style')).emit('a');
