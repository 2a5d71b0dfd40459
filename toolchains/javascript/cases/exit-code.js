process.exitCode = 5;
setTimeout(() => console.log('still runs'), 1);
