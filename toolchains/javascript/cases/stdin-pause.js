process.stdin.once('data', (chunk) => {
  console.log('got', chunk.length > 0);
  process.stdin.pause();
});
