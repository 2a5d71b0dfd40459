const readline = require('readline');
const rl = readline.createInterface({ input: process.stdin, output: process.stdout });
rl.question('name? ', (name) => {
  console.log(`hello ${name}`);
  rl.setPrompt('> ');
  rl.prompt();
  rl.on('line', (line) => {
    if (line === 'quit') rl.close();
    else {
      console.log(`echo ${line}`);
      rl.prompt();
    }
  });
});
rl.on('close', () => console.log('bye'));
