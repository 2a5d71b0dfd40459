console.log('before');
await null;
throw new Error('from the module');
