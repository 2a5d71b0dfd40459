// Arrays of arrays: a product of matrices, and distances on a grid.
const SIZE = 170;
const make = (seed) => Array.from({ length: SIZE }, (_, i) => Array.from({ length: SIZE }, (_, j) => ((i * seed + j) % 17) - 8));
const [a, b] = [make(3), make(5)];
const product = a.map((row) => b[0].map((_, j) => {
  let sum = 0;
  for (let k = 0; k < SIZE; k++) sum += row[k] * b[k][j];
  return sum;
}));
const previous = new Array(1301).fill(0).map((_, n) => n);
for (let i = 1; i <= 1300; i++) {
  let corner = previous[0];
  previous[0] = i;
  for (let j = 1; j <= 1300; j++) {
    const cost = (i * 7) % 11 === (j * 5) % 11 ? 0 : 1;
    const next = Math.min(previous[j] + 1, previous[j - 1] + 1, corner + cost);
    corner = previous[j];
    previous[j] = next;
  }
}
console.log(product.flat().reduce((x, y) => x + y, 0), previous[1300]);
