// Regular expressions: search, groups, replace.
const lines = [];
for (let n = 0; n < 30000; n++) {
  lines.push(`2026-${String((n % 12) + 1).padStart(2, "0")}-17 10.0.${n % 256}.${(n * 7) % 256} GET /path/${n}/index.html?user=u${n % 97}&x=${n * 3} ${200 + (n % 5)} "agent ${n % 13}"`);
}
const pattern = /^(\d{4})-(\d\d)-(\d\d) ((?:\d+\.){3}\d+) (\w+) (\S+) (\d{3}) "([^"]*)"$/;
let sum = 0;
for (const line of lines) {
  const found = pattern.exec(line);
  sum += Number(found[2]) + Number(found[7]) + found[6].length;
  for (const pair of line.matchAll(/([a-z]+)=([a-z0-9]+)/g)) sum += pair[1].length * pair[2].length;
  sum += line.replace(/\d+/g, (digits) => digits.length).length;
}
console.log(sum);
