const WAYS = ['constructor', '__proto__', 'prototype', 'caller', 'arguments', '__defineGetter__', '__lookupGetter__'];

exports.steal = (value) => {
  const found = [];
  for (const name of WAYS) {
    try {
      if (value[name] !== undefined) found.push(name);
    } catch {}
    try {
      value[name] = null;
      found.push(`set ${name}`);
    } catch {}
  }
  try {
    found.push(Object.getPrototypeOf(value) && 'prototype');
  } catch {}
  return found;
};
