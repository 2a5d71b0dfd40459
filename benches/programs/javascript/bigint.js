// Big integers: products, powers, digits.
let product = 1n;
for (let n = 1n; n <= 6000n; n++) product *= n;
let [a, b] = [0n, 1n];
for (let n = 0; n < 60000; n++) [a, b] = [b, a + b];
let power = 1n;
const modulus = (1n << 521n) - 1n;
for (let n = 0; n < 60000; n++) power = (power * power + 3n) % modulus;
console.log(product.toString().length, a.toString().slice(0, 12), (power % 1000000007n).toString());
