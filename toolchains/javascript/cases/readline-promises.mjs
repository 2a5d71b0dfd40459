import { createInterface } from 'node:readline/promises';
import { stdin as input, stdout as output } from 'node:process';
const rl = createInterface({ input, output });
const first = await rl.question('first? ');
await new Promise((done) => setTimeout(done, 5));
const second = await rl.question('second? ');
console.log(`[${first}] [${second}]`);
rl.close();
