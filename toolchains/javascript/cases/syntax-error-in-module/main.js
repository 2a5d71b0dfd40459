try {
  require('./broken.js');
} catch (error) {
  console.log(error.name, error instanceof SyntaxError);
}
import('./broken.mjs').catch((error) => console.log(error.name));
