for (let i = 0; i < 3000; i++) console.log('line', i);
process.stdout.write('no newline');
process.on('exit', (code) => { console.log('\nexit listener', code); process.exitCode = 9; });
setTimeout(() => console.log('never'), 0);
process.exit(3);
