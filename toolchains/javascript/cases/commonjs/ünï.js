module.exports = 'unicode name';
