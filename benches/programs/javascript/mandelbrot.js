// Numeric: floating point in tight loops.
const SIZE = 300;
let inside = 0;
let steps = 0;
for (let y = 0; y < SIZE; y++) {
  for (let x = 0; x < SIZE; x++) {
    const cr = (2.5 * x) / SIZE - 2;
    const ci = (2 * y) / SIZE - 1;
    let [zr, zi, n] = [0, 0, 0];
    while (n < 200 && zr * zr + zi * zi < 4) {
      const next = zr * zr - zi * zi + cr;
      zi = 2 * zr * zi + ci;
      zr = next;
      n++;
    }
    if (n === 200) inside++;
    steps += n;
  }
}
console.log(inside, steps);
