// In QuickJS these end the program; here they are ordinary errors.
try {
  let text = 'x';
  for (;;) text += text;
} catch (error) {
  console.log(error instanceof RangeError, error.message);
}
try {
  'x'.padEnd(2 ** 30 + 5);
} catch (error) {
  console.log(error instanceof RangeError, error.message);
}
let depth = 0;
try {
  (function recurse() { depth++; recurse(); })();
} catch (error) {
  console.log(error instanceof RangeError, error.message, depth > 5000);
}
try {
  JSON.parse('['.repeat(100000));
} catch (error) {
  console.log(error.name);
}
