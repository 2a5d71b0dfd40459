console.log('1');
console.error('2');
process.stdout.write('3\n');
console.log('4', 'ünïcödé', '😀', '\ud800', 'a\0b');
console.warn('5');
