const show = (error) => console.log(require('util').inspect(error).replace(/\n\s+(at|\.\.\.) .*/g, ''));
show(new Error('plain'));
show(new TypeError('typed', { cause: new Error('the cause') }));
show(Object.assign(new Error('with fields'), { code: 'E_CODE', info: { a: 1 } }));
class Custom extends Error {}
class Named extends Error { constructor(m) { super(m); this.name = 'NamedError'; this.extra = 1; } }
show(new Custom('custom'));
show(new Named('named'));
show(new AggregateError([new Error('one'), new Error('two')], 'many'));
show({ nested: new RangeError('nested') });
console.log(String(new Named('text')), new Custom('x').name, Object.keys(new Error('x')), new Error('x', { cause: 0 }).cause);
const error = new Error('stack');
console.log(error.stack.split('\n')[0], Error.stackTraceLimit);
const holder = {};
Error.captureStackTrace(holder);
console.log(typeof holder.stack);
Error.prepareStackTrace = (e, frames) => frames.map((frame) => frame.getLineNumber()).slice(0, 1).join();
console.log(new Error('prepared').stack);
Error.prepareStackTrace = undefined;
function outer() { return inner(); }
function inner() { return new Error('trace'); }
console.log(outer().stack.split('\n').slice(1, 3).map((line) => line.replace(/\(.*\//, '(')));
console.log(new DOMException('dom', 'AbortError').name, new DOMException('dom', 'AbortError').code);
