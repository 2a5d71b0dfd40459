process.on('uncaughtException', (error, origin) => {
  console.log('caught', error.message, origin);
  setTimeout(() => console.log('and goes on'), 1);
});
setTimeout(() => console.log('timer still runs'), 0);
throw new Error('at the top');
