exports.double = (x) => {
  if (x === null) throw new TypeError('no number');
  return x * 2;
};
