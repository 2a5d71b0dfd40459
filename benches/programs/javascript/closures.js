// Functions as values: map, filter, reduce, closures.
const compose = (...functions) => (value) => functions.reduce((so_far, one) => one(so_far), value);
const pipeline = compose((n) => n + 1, (n) => n * 3, (n) => n % 1009);
let sum = 0;
for (let round = 0; round < 400; round++) {
  sum += Array.from({ length: 2500 }, (_, n) => n + round)
    .map(pipeline)
    .filter((n) => n % 2 === 0)
    .reduce((total, n) => total + n, 0);
}
console.log(sum);
