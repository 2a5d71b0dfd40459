exports.name = 'main of package.json';
