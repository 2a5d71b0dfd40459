console.log('common runs after lib');
exports.alpha = 1;
module.exports.beta = function () {};
if (exports.alpha > 5) exports.hidden = 1;
