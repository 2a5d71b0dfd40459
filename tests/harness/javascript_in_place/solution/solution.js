'use strict';

exports.sort = (numbers) => numbers.sort();
exports.sorted = (numbers) => [...numbers].sort();
exports.grow = (tree) => {
  tree.a.b.push(9);
  tree.added = true;
  delete tree.gone;
};
exports.change = (map, set, bytes) => {
  map.clear();
  map.set(3, 4);
  set.add(2);
  bytes.reverse();
};
exports.pushAndFail = (list) => {
  list.push(2);
  throw new Error('after all');
};
