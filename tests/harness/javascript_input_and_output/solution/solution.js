const fs = require('fs');

exports.reads = () => fs.readFileSync(0, 'utf8');
exports.says = (text) => {
  console.log(text);
  process.stdout.write(text);
};
