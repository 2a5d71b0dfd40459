// The querystring module.

const escapeQuery = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (char) => (char === "'" ? '%27' : char));

function unescapeQuery(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return Buffer.from(
      text.replace(/%([0-9a-f]{2})/gi, (whole, hex) => String.fromCharCode(parseInt(hex, 16))),
      'latin1',
    ).toString();
  }
}

function queryValue(value) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  return '';
}

const querystring = {
  escape: escapeQuery,
  unescape: unescapeQuery,
  stringify(object, separator = '&', equals = '=', options = {}) {
    if (object === null || typeof object !== 'object') return '';
    const encode = options.encodeURIComponent ?? querystring.escape;
    const fields = [];
    for (const key of Object.keys(object)) {
      const values = Array.isArray(object[key]) ? object[key] : [object[key]];
      for (const value of values) fields.push(`${encode(key)}${equals}${encode(queryValue(value))}`);
    }
    return fields.join(separator);
  },
  parse(
    text,
    separator = '&',
    equals = '=',
    { maxKeys = 1000, decodeURIComponent: decode = querystring.unescape } = {},
  ) {
    const result = Object.create(null);
    if (typeof text !== 'string' || text === '') return result;
    const fields = text.split(separator);
    for (const field of maxKeys > 0 ? fields.slice(0, maxKeys) : fields) {
      if (field === '') continue;
      const at = field.indexOf(equals);
      const [key, value] = (at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + equals.length)]).map((part) =>
        decode(part.replaceAll('+', ' ')),
      );
      if (!(key in result)) result[key] = value;
      else if (Array.isArray(result[key])) result[key].push(value);
      else result[key] = [result[key], value];
    }
    return result;
  },
};
querystring.encode = querystring.stringify;
querystring.decode = querystring.parse;

export default querystring;
