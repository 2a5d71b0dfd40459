const esm = require('./lib.mjs');
console.log(esm.value, esm.default, require('./lib.mjs') === esm);
import('./lib.mjs').then((again) => console.log(again.value === esm.value));
try {
  require('./waits.mjs');
} catch (error) {
  console.log(error.code);
}
