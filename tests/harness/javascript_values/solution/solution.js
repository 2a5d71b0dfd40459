exports.echo = (value) => value;
exports.kind = (value) => Object.prototype.toString.call(value).slice(8, -1);
exports.made = () => ({ list: [1, 2n], map: new Map([['k', new Set([1])]]), date: new Date(0), nothing: undefined });
exports.same = (a, b) => a === b;
