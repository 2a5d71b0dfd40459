const crypto = require('crypto');
const numbers = new Set(Array.from({ length: 1000 }, Math.random));
console.log(numbers.size, [...numbers].every((n) => n >= 0 && n < 1));
console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID());
console.log(crypto.randomBytes(300).length, new Set(crypto.randomBytes(64)).size > 20, crypto.randomInt(5) < 5, crypto.randomInt(10, 11));
console.log(globalThis.crypto.getRandomValues(new Uint8Array(16)).some((x) => x > 0));
const drawn = new Set();
for (let i = 0; i < 200; i++) drawn.add(crypto.randomInt(3));
console.log([...drawn].sort());
