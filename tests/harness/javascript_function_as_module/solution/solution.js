module.exports = (x) => x * 2;
module.exports.version = 3;
