const results = [];
results.push(process.stdout.write('a\n', () => results.push('callback 1')));
results.push(process.stdout.write(Buffer.from('b\n'), 'utf8', () => results.push('callback 2')));
process.stdout.write('63\n', 'hex');
process.stdout.cork();
process.stdout.write('c\n');
process.stdout.uncork();
for (const bad of [5, null, {}]) {
  try {
    process.stdout.write(bad);
  } catch (error) {
    results.push(error.code);
  }
}
setTimeout(() => console.log('\n', results), 5);
