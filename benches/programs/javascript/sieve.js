// Numeric: the primes below two million, in a typed array.
const LIMIT = 5000000;
const composite = new Uint8Array(LIMIT + 1);
let count = 0;
let sum = 0;
for (let n = 2; n <= LIMIT; n++) {
  if (composite[n]) continue;
  count++;
  sum += n;
  for (let multiple = n * n; multiple <= LIMIT; multiple += n) composite[multiple] = 1;
}
console.log(count, sum);
