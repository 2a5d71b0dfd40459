function fails() {
  throw new TypeError('it broke');
}
console.log('before');
process.on('exit', (code) => console.log('exit', code));
	fails();
