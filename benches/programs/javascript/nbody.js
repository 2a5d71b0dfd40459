// Objects with numbers in them: five bodies and their pull on each other.
const body = (x, y, z, vx, vy, vz, mass) => ({ x, y, z, vx, vy, vz, mass });
const bodies = [
  body(0, 0, 0, 0, 0, 0, 40),
  body(5, -1, 0, 0.6, 2.8, 0.02, 0.04),
  body(8, 4, -0.4, -1, 1.8, 0.008, 0.01),
  body(13, -15, -0.2, 1, 0.9, -0.01, 0.002),
  body(15, -26, 0.2, 0.98, 0.6, -0.03, 0.002),
];
for (let step = 0; step < 100000; step++) {
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i];
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const square = dx * dx + dy * dy + dz * dz;
      const pull = 0.001 / (square * Math.sqrt(square));
      a.vx -= dx * b.mass * pull;
      a.vy -= dy * b.mass * pull;
      a.vz -= dz * b.mass * pull;
      b.vx += dx * a.mass * pull;
      b.vy += dy * a.mass * pull;
      b.vz += dz * a.mass * pull;
    }
  }
  for (const one of bodies) {
    one.x += 0.001 * one.vx;
    one.y += 0.001 * one.vy;
    one.z += 0.001 * one.vz;
  }
}
console.log(bodies.map((one) => one.x.toFixed(9)).join(" "));
