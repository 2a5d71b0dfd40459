const words = ['b', 'a', 'C', 'c', 'B', 'A', 'a b', 'a-b', 'ab', 'a1', 'a10', 'a2', '_x', 'Zebra', 'zebra', 'apple', 'Apple', '10', '9', 'ä', 'az', ''];
console.log(words.toSorted ? words.sort((x, y) => x.localeCompare(y)).join('|') : '');
console.log('a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('a'), 'a'.localeCompare('A'), 'A'.localeCompare('a'), 'ab'.localeCompare('a'), 'resume'.localeCompare('résumé'));
