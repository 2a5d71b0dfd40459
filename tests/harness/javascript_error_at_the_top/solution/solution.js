exports.f = () => 1;
exports.g = () => {
  throw new Error('no g');
};
