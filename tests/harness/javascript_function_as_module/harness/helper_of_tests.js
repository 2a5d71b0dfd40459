exports.FOUR = 4;
