console.log(process.argv.slice(2), process.argv.length, typeof process.argv[0]);
console.log(process.platform, process.version.startsWith('v'), typeof process.versions.node, process.pid > 0, process.title.length > 0, process.exitCode);
console.log(process.env.NOT_THERE, 'NOT_THERE' in process.env);
process.env.ADDED = 5;
console.log(process.env.ADDED, Object.keys(process.env).includes('ADDED'));
delete process.env.ADDED;
console.log(process.env.ADDED);
console.log(Object.keys(process.memoryUsage()).sort(), process.memoryUsage().heapUsed > 0, process.memoryUsage.rss() > 0);
console.log(typeof process.uptime(), process.hrtime().length, typeof process.hrtime.bigint(), process.cpuUsage().user >= 0);
console.log(process.stdout.writable, process.stdin.fd, process.stdout.fd, process.stderr.fd, process.stdout.isTTY);
console.log(typeof process.umask(), process.nextTick.length > 0, Object.prototype.toString.call(process), process.constructor.name);
try {
  process.nextTick('no');
} catch (error) {
  console.log(error.code);
}
try {
  process.exitCode = 'x';
} catch (error) {
  console.log(error.code);
}
process.emitWarning('a warning', 'CustomWarning', 'W001');
process.on('warning', (warning) => console.log('warning', warning.name, warning.message, warning.code));
process.once('beforeExit', (code) => {
  console.log('beforeExit', code);
  setTimeout(() => console.log('one more turn'), 1);
});
process.on('exit', (code) => {
  console.log('exit', code);
  setTimeout(() => console.log('never'), 0);
});
