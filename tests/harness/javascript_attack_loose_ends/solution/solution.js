Promise.reject(new Error('nobody looks'));
setTimeout(() => {
  throw new Error('later');
}, 0);
exports.add = (a, b) => {
  Promise.reject(new Error('again'));
  return a + b;
};
