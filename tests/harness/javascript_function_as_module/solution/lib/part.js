const double = require('../solution');
exports.part = () => `part of ${double(1)}`;
