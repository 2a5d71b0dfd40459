const fs = require('fs');
const buffer = Buffer.alloc(4);
const parts = [];
for (let got; (got = fs.readSync(0, buffer, 0, 4, null)) > 0;) parts.push(buffer.toString('latin1', 0, got));
console.log(parts.join('|'));
