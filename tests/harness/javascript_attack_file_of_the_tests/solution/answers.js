exports.THREE = 0;
