const { Link } = require('./runnel_link.js');

const CODE = 'return globalThis.SECRET';

exports.run = () => {
  const link = new Link('');
  const asked = [];
  for (let n = 1; n < 6; n++) {
    asked.push(['get', ['H', n], 'constructor'], ['get', ['H', n], '__proto__'], ['prototype', ['H', n]], ['get', ['H', n], 'call']);
    asked.push(['descriptor', ['H', n], 'constructor'], ['call', ['H', n], ['H', 1], ['l', 0, [CODE]]]);
    asked.push(['set', ['H', n], '__proto__', null], ['new', ['H', n], ['l', 0, [CODE]]]);
  }
  for (const name of ['Object', 'Function', 'Array']) {
    asked.push(['get', ['bc', name], 'getOwnPropertyDescriptor'], ['get', ['bp', name], 'constructor'], ['get', ['bp', name], 'call']);
    asked.push(['call', ['bc', name], null, ['l', 0, [CODE]]], ['set', ['bp', name], 'polluted', 1]);
  }
  asked.push(['get', 'text', 'constructor'], ['get', ['l', 0, []], 'map'], ['load', 'test.js'], ['pump', 0, ['l', 0, []]], ['constructor', 1]);
  const open = [];
  for (const [operation, ...values] of asked) {
    link.send({ q: operation, i: 1, v: values });
    const answer = JSON.stringify(link.receive());
    if (answer.includes('the secret')) return 'the secret';
    if (!answer.includes('"x"')) open.push(`${operation} ${JSON.stringify(values)}: ${answer}`);
  }
  return open;
};
