let ticks = 0;
const interval = setInterval(() => ticks++, 2);
let text = '';
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => setTimeout(() => {
  clearInterval(interval);
  console.log(text.trim(), ticks > 0);
}, 15));
