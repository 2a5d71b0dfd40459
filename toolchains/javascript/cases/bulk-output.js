let expected = 0;
for (let i = 0; i < 20000; i++) {
  const line = `line ${i} ${'x'.repeat(i % 50)}`;
  expected += line.length + 1;
  console.log(line);
}
process.stdout.write(`${'big '.repeat(30000)}\n`);
console.log(expected);
