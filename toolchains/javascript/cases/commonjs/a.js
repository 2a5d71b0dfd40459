exports.from = 'a';
exports.parent = module.parent === require.main;
