// Map, Set and plain objects as tables.
const counts = new Map();
const seen = new Set();
const table = {};
let state = 42;
for (let n = 0; n < 110000; n++) {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  const key = state % 5000;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  const name = "k" + (state % 700);
  table[name] = (table[name] || 0) + n;
  if (n % 3 === 0) seen.add(state % 60000);
}
let sum = 0;
for (const [key, count] of counts) sum += key * count;
let most = 0;
for (const name of Object.keys(table)) most = Math.max(most, table[name]);
console.log(counts.size, seen.size, sum, most);
