for (const run of [() => require('child_process').execSync('ls'), () => require('net').connect(80), () => require('http').get('http://x'), () => require('http').createServer(), () => new (require('worker_threads').Worker)('x')]) {
  try {
    run();
  } catch (error) {
    console.log(error.code, error.message);
  }
}
fetch('https://example.com').catch((error) => console.log(error.code, error.message));
