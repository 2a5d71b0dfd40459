exports.map = (items, f) => items.map((x, i) => f(x, i));
exports.safely = (f) => {
  try {
    f();
  } catch (error) {
    return error instanceof RangeError ? `${error.name} ${error.message}` : 'other';
  }
};
exports.forth = (back, n) => back(n);
exports.reverse = (node) => {
  let before = null;
  while (node) [node.next, before, node] = [before, node, node.next];
  return before;
};
exports.withOptions = ({ size, ...rest }) => {
  rest.onDone();
  return `size ${size}`;
};
exports.adder = (n) => (x) => x + n;
exports.memoized = ((cache) => (x) => (cache[x] ??= x * x))({});
exports.callThis = function () {
  return this.x;
};
exports.total = (numbers) => {
  let sum = 0;
  for (const n of numbers) sum += n;
  return sum;
};
