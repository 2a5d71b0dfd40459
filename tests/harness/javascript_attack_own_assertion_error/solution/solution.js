exports.add = () => {
  const error = new Error('as expected');
  throw Object.assign(error, { name: 'AssertionError', code: 'ERR_ASSERTION', generatedMessage: true });
};
