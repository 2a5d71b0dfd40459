// Generators, iterators, spreading.
function* count(to) { for (let n = 0; n < to; n++) yield n; }
function* filter(from, test) { for (const n of from) if (test(n)) yield n; }
function* walk(depth) {
  if (depth === 0) { yield 1; return; }
  yield* walk(depth - 1);
  yield depth;
  yield* walk(depth - 1);
}
let sum = 0;
for (const n of filter(count(2400000), (n) => n % 3 === 0)) sum += n;
for (const n of walk(16)) sum += n;
for (let n = 0; n < 20000; n++) sum += [...count(10)].length;
console.log(sum);
