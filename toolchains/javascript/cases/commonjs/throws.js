try {
  require('./really-throws');
} catch (error) {
  module.exports = [error.message, require.resolve('./really-throws') in require.cache];
}
