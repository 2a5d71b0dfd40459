const a = require('./a');
console.log('a', a, require('./a') === a, module.children.length, require.main === module, module.id, module.loaded);
console.log(require('./data').list, require('./data.json') === require('./data'));
console.log(require('./folder'), require('./folder/'), require('./with-main').name);
console.log(require('dep'), require('dep/lib/extra'), require('@scope/pack'));
console.log(require('exporting'), require('exporting/sub'), require('exporting/deep/x'));
for (const bad of ['./missing', 'missing-package', 'exporting/hidden', '']) {
  try {
    require(bad);
  } catch (error) {
    console.log(error.code, error.message.split('\n')[0].replace(/ in .*/, ''));
  }
}
console.log(require.resolve('./a').endsWith('commonjs/a.js') || require.resolve('./a'), require.resolve('fs'), Object.keys(require.cache).length);
delete require.cache[require.resolve('./counter')];
console.log(require('./counter').next(), require('./counter').next());
delete require.cache[require.resolve('./counter')];
console.log(require('./counter').next());
console.log(require('./cycle-a').done, require('./throws'), typeof require('./quoted name \'"\n.js'), require('./ünï'));
console.log(this === module.exports, typeof exports, arguments.length, __dirname === require('path').dirname(__filename));
if (true) return console.log('a return at the top is fine');
console.log('not reached');
