// Changes to the language's own objects, so that they print what V8's do: numbers and dates for people (V8 has Intl,
// this engine has not), and JSON's error messages.

function replace(object, name, value) {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

/** 1234567.8912 -> 1,234,567.891, with the options that programs use. */
function formatNumber(value, options = {}) {
  if (typeof value !== 'bigint') {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) return value < 0 ? '-∞' : '∞';
  }
  const isPercent = options.style === 'percent';
  const isCurrency = options.style === 'currency';
  const fixed = isCurrency ? 2 : isPercent ? 0 : undefined;
  const least = options.minimumFractionDigits ?? fixed ?? 0;
  const most = Math.max(least, options.maximumFractionDigits ?? fixed ?? 3);
  let text;
  if (typeof value === 'bigint') {
    text = String(value < 0n ? -value : value);
  } else {
    const size = Math.abs(isPercent ? value * 100 : value);
    text = size < 1e21 ? size.toFixed(most) : BigInt(size).toString();
    // toFixed() rounds the exact binary value; people expect the shortest decimal one to be rounded.
    const shortest = String(size);
    const decimals = shortest.includes('e') ? '' : shortest.split('.')[1] ?? '';
    if (decimals.length > most && decimals[most] === '5' && /^50*$/.test(decimals.slice(most))) {
      text = (Number(`${Math.round(Number(`${size}e${most}`))}e-${most}`)).toFixed(most);
    }
  }
  let [whole, fraction = ''] = text.split('.');
  while (fraction.length > least && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  whole = whole.padStart(options.minimumIntegerDigits ?? 1, '0');
  if (options.useGrouping !== false) whole = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const isNegative = typeof value === 'bigint' ? value < 0n : value < 0 || Object.is(value, -0);
  const symbol = isCurrency ? { USD: '$', EUR: '€', GBP: '£', JPY: '¥' }[options.currency] ?? `${options.currency} ` : '';
  return `${isNegative ? '-' : ''}${symbol}${whole}${fraction ? `.${fraction}` : ''}${isPercent ? '%' : ''}`;
}

replace(Number.prototype, 'toLocaleString', function (locales, options) {
  return formatNumber(Number.prototype.valueOf.call(this), options);
});
replace(BigInt.prototype, 'toLocaleString', function (locales, options) {
  return formatNumber(BigInt.prototype.valueOf.call(this), options);
});

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (value) => String(value).padStart(2, '0');

function dateFields(date, options) {
  const utc = options.timeZone === 'UTC';
  const get = (name) => date[`get${utc ? 'UTC' : ''}${name}`]();
  return { year: get('FullYear'), month: get('Month'), day: get('Date'), weekday: get('Day'), hour: get('Hours'), minute: get('Minutes'), second: get('Seconds') };
}

function dayText(fields, options) {
  const { year, month, day, weekday } = options;
  const weekdayText = weekday && (weekday === 'long' ? DAYS[fields.weekday] : DAYS[fields.weekday].slice(0, 3));
  const yearText = year && (year === '2-digit' ? two(fields.year % 100) : `${fields.year}`);
  const dateText = day && (day === '2-digit' ? two(fields.day) : `${fields.day}`);
  if (month === 'long' || month === 'short') {
    const name = month === 'long' ? MONTHS[fields.month] : MONTHS[fields.month].slice(0, 3);
    const monthAndDay = dateText ? `${name} ${dateText}` : name;
    const joined = yearText ? `${monthAndDay}${dateText ? ',' : ''} ${yearText}` : monthAndDay;
    return weekdayText ? `${weekdayText}, ${joined}` : joined;
  }
  const monthText = month && (month === '2-digit' ? two(fields.month + 1) : `${fields.month + 1}`);
  const joined = [monthText, dateText, yearText].filter(Boolean).join('/');
  return [weekdayText, joined].filter(Boolean).join(', ');
}

function timeText(fields, options) {
  const hour24 = options.hour12 === false || options.hourCycle === 'h23';
  const hour = hour24 ? two(fields.hour) : options.hour === '2-digit' ? two(fields.hour % 12 || 12) : `${fields.hour % 12 || 12}`;
  const parts = [options.hour && hour, options.minute && two(fields.minute), options.second && two(fields.second)].filter(Boolean);
  return `${parts.join(':')}${hour24 || !options.hour ? '' : fields.hour < 12 ? '\u202fAM' : '\u202fPM'}`;
}

const STYLES = {
  dateStyle: {
    full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
    long: { year: 'numeric', month: 'long', day: 'numeric' },
    medium: { year: 'numeric', month: 'short', day: 'numeric' },
    short: { year: '2-digit', month: 'numeric', day: 'numeric' },
  },
  timeStyle: {
    medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
    short: { hour: 'numeric', minute: '2-digit' },
  },
};
const DATE_FIELDS = ['weekday', 'year', 'month', 'day'];
const TIME_FIELDS = ['hour', 'minute', 'second'];
const FULL_DATE = { year: 'numeric', month: 'numeric', day: 'numeric' };
const FULL_TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' };

/** `defaults` says what is shown when the options name no field. */
function formatDate(date, given, defaults) {
  if (Number.isNaN(date.getTime())) return 'Invalid Date';
  const styled = given?.dateStyle || given?.timeStyle;
  const options = styled
    ? { ...given, ...STYLES.dateStyle[given.dateStyle], ...(given.timeStyle ? STYLES.timeStyle[given.timeStyle] ?? STYLES.timeStyle.medium : {}) }
    : { ...given };
  const asked = [...DATE_FIELDS, ...TIME_FIELDS].some((name) => options[name] !== undefined);
  if (!asked) Object.assign(options, defaults);
  const fields = dateFields(date, options);
  const day = DATE_FIELDS.some((name) => options[name]) ? dayText(fields, options) : '';
  const time = TIME_FIELDS.some((name) => options[name]) ? timeText(fields, options) : '';
  return [day, time].filter(Boolean).join(options.dateStyle === 'full' || options.dateStyle === 'long' ? ' at ' : ', ');
}

const { toString: dateToString } = Date.prototype;
for (const [name, defaults] of [
  ['toLocaleString', { ...FULL_DATE, ...FULL_TIME }],
  ['toLocaleDateString', FULL_DATE],
  ['toLocaleTimeString', FULL_TIME],
]) {
  replace(Date.prototype, name, function (locales, options) {
    const own = name === 'toLocaleDateString' && options && !DATE_FIELDS.some((field) => options[field]) && !options.dateStyle
      ? { ...FULL_DATE, ...options }
      : name === 'toLocaleTimeString' && options && !TIME_FIELDS.some((field) => options[field]) && !options.timeStyle
        ? { ...FULL_TIME, ...options }
        : options;
    return formatDate(this, own, defaults);
  });
}
// V8 names the time zone after the offset.
replace(Date.prototype, 'toString', function () {
  const text = dateToString.call(this);
  return text === 'Invalid Date' || text.endsWith(')') ? text : `${text} (Coordinated Universal Time)`;
});
const { toTimeString } = Date.prototype;
replace(Date.prototype, 'toTimeString', function () {
  const text = toTimeString.call(this);
  return text === 'Invalid Date' || text.endsWith(')') ? text : `${text} (Coordinated Universal Time)`;
});

// The most used corner of Intl, in the one locale there is.
if (typeof globalThis.Intl === 'undefined') {
  class Formatter {
    #options;
    constructor(locales, options = {}) { this.#options = options; this.format = this.format.bind(this); }
    resolvedOptions() { return { locale: 'en-US', timeZone: 'UTC', numberingSystem: 'latn', calendar: 'gregory', ...this.#options }; }
    get options() { return this.#options; }
    static supportedLocalesOf() { return ['en-US']; }
  }
  class NumberFormat extends Formatter {
    format(value) { return formatNumber(typeof value === 'bigint' ? value : Number(value), this.options); }
  }
  class DateTimeFormat extends Formatter {
    format(date = Date.now()) { return formatDate(new Date(date), this.options, FULL_DATE); }
  }
  class Collator {
    constructor(locales, options = {}) { this.options = options; this.compare = this.compare.bind(this); }
    compare(a, b) { return compareText(`${a}`, `${b}`, this.options); }
    resolvedOptions() { return { locale: 'en-US', ...this.options }; }
  }
  class PluralRules extends Formatter {
    format(value) { return this.select(value); }
    select(value) {
      if (this.options.type !== 'ordinal') return Number(value) === 1 ? 'one' : 'other';
      const last = value % 10;
      const teen = value % 100 >= 11 && value % 100 <= 13;
      return teen ? 'other' : last === 1 ? 'one' : last === 2 ? 'two' : last === 3 ? 'few' : 'other';
    }
  }
  class ListFormat extends Formatter {
    format(list) {
      const items = [...list];
      const word = this.options.type === 'disjunction' ? 'or' : 'and';
      if (items.length < 2) return items.join('');
      return items.length === 2 ? items.join(` ${word} `) : `${items.slice(0, -1).join(', ')}, ${word} ${items.at(-1)}`;
    }
  }
  class Segmenter extends Formatter {
    format() { return ''; }
    *segment(text) {
      let index = 0;
      const pattern = this.options.granularity === 'word' ? /[\p{L}\p{N}_']+|[^\p{L}\p{N}_']/gu : /\p{RI}\p{RI}|\p{Emoji}(\p{EMod}|\ufe0f\u20e3?|[\u{e0020}-\u{e007e}]+\u{e007f})?(\u200d\p{Emoji}(\p{EMod}|\ufe0f)?)*|\r\n|.\p{M}*/gsu;
      for (const [segment] of `${text}`.matchAll(pattern)) {
        yield { segment, index, input: text, isWordLike: this.options.granularity === 'word' ? /[\p{L}\p{N}]/u.test(segment) : undefined };
        index += segment.length;
      }
    }
  }
  Object.defineProperty(globalThis, 'Intl', {
    value: { NumberFormat, DateTimeFormat, Collator, PluralRules, ListFormat, Segmenter, getCanonicalLocales: (list) => [list].flat() },
    writable: true,
    configurable: true,
    enumerable: false,
  });
  Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });
}

/** The order of ICU's root collation, nearly: letters before case, accents between; digits by value if asked. */
function compareText(a, b, options = {}) {
  if (options.numeric) {
    const left = a.match(/\d+|\D+/g) ?? [];
    const right = b.match(/\d+|\D+/g) ?? [];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const bothNumbers = /^\d/.test(left[i]) && /^\d/.test(right[i]);
      const order = bothNumbers ? Number(left[i]) - Number(right[i]) : compareText(left[i], right[i], { ...options, numeric: false });
      if (order) return Math.sign(order);
    }
    return Math.sign(left.length - right.length);
  }
  const sensitivity = options.sensitivity ?? 'variant';
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const kind = (char) => (/\s/.test(char) ? 0 : /[\p{P}]/u.test(char) ? 1 : /[\p{S}]/u.test(char) ? 2 : /\p{N}/u.test(char) ? 3 : 4);
  const order = (x, y) => {
    const left = [...x];
    const right = [...y];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      if (left[i] === right[i]) continue;
      const byKind = kind(left[i]) - kind(right[i]);
      if (byKind) return Math.sign(byKind);
      return left[i] < right[i] ? -1 : 1;
    }
    return Math.sign(left.length - right.length);
  };
  const base = order(plain(a), plain(b));
  if (base || sensitivity === 'base') return base;
  const accents = order(a.normalize('NFD').toLowerCase(), b.normalize('NFD').toLowerCase());
  if (accents && sensitivity !== 'case') return accents;
  if (sensitivity === 'accent') return 0;
  // Small letters first.
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] === a[i].toLowerCase() ? -1 : 1;
  }
  return 0;
}

replace(String.prototype, 'localeCompare', function (other, locales, options) {
  return compareText(String(this), String(other), options);
});

// JSON.parse with V8's messages. Only a failure costs anything.

const nativeParse = JSON.parse;

/** Finds the first character that is no JSON, and says what V8 says about it. */
function explainJson(text) {
  let at = 0;
  const fail = (message) => { throw message; };
  const place = () => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    return `in JSON at position ${at} (line ${line} column ${at - before.lastIndexOf('\n')})`;
  };
  const unexpected = () => {
    if (at >= text.length) fail('Unexpected end of JSON input');
    const char = String.fromCodePoint(text.codePointAt(at));
    fail(text.length <= 40
      ? `Unexpected token '${char}', "${text}" is not valid JSON`
      : `Unexpected token '${char}', ${at > 10 ? '...' : ''}"${text.slice(Math.max(0, at - 10), at + 10)}"${at + 10 < text.length ? '...' : ''} is not valid JSON`);
  };
  const space = () => { while (' \t\n\r'.includes(text[at] ?? '!')) at++; };
  const string = () => {
    for (at++; ; at++) {
      if (at >= text.length) fail(`Unterminated string ${place()}`);
      const char = text[at];
      if (char === '"') { at++; return; }
      if (char < ' ') fail(`Bad control character in string literal ${place()}`);
      if (char === '\\') {
        at++;
        if (at >= text.length) fail(`Unterminated string ${place()}`);
        if (text[at] === 'u') {
          for (let i = 1; i <= 4; i++) {
            if (!/[0-9a-fA-F]/.test(text[at + 1] ?? '')) { at++; fail(`Bad Unicode escape ${place()}`); }
            at++;
          }
        } else if (!'"\\/bfnrt'.includes(text[at])) {
          fail(`Bad escaped character ${place()}`);
        }
      }
    }
  };
  const number = () => {
    const isDigit = () => text[at] >= '0' && text[at] <= '9';
    if (text[at] === '-') {
      at++;
      if (!isDigit()) fail(`No number after minus sign ${place()}`);
    }
    if (text[at] === '0') {
      at++;
      if (isDigit()) fail(`Unexpected number ${place()}`);
    } else {
      while (isDigit()) at++;
    }
    if (text[at] === '.') {
      at++;
      if (!isDigit()) fail(`Unterminated fractional number ${place()}`);
      while (isDigit()) at++;
    }
    if (text[at] === 'e' || text[at] === 'E') {
      at++;
      if (text[at] === '+' || text[at] === '-') at++;
      if (!isDigit()) fail(`Exponent part is missing a number ${place()}`);
      while (isDigit()) at++;
    }
  };
  const value = () => {
    space();
    const char = text[at];
    if (char === '{') {
      at++;
      space();
      if (text[at] === '}') { at++; return; }
      for (let first = true; ; first = false) {
        space();
        if (at >= text.length && first) fail(`Expected property name or '}' ${place()}`);
        if (text[at] !== '"') fail(first ? `Expected property name or '}' ${place()}` : `Expected double-quoted property name ${place()}`);
        string();
        space();
        if (text[at] !== ':') fail(`Expected ':' after property name ${place()}`);
        at++;
        value();
        space();
        if (text[at] === '}') { at++; return; }
        if (text[at] !== ',') fail(`Expected ',' or '}' after property value ${place()}`);
        at++;
      }
    }
    if (char === '[') {
      at++;
      space();
      if (text[at] === ']') { at++; return; }
      for (;;) {
        value();
        space();
        if (text[at] === ']') { at++; return; }
        if (text[at] !== ',') fail(`Expected ',' or ']' after array element ${place()}`);
        at++;
      }
    }
    if (char === '"') { string(); return; }
    if (char === '-' || (char >= '0' && char <= '9')) { number(); return; }
    for (const word of ['true', 'false', 'null']) {
      if (char !== word[0]) continue;
      for (const letter of word) {
        if (text[at] !== letter) unexpected();
        at++;
      }
      return;
    }
    unexpected();
  };
  try {
    value();
    space();
    if (at < text.length) fail(`Unexpected non-whitespace character after JSON ${place().replace('in JSON ', '')}`);
  } catch (message) {
    return message;
  }
  return undefined;
}

/** The path that leads from an object back into itself, as V8 describes it. */
function explainCycle(value) {
  const open = [];
  const name = (object) => `object with constructor '${object.constructor?.name ?? 'Object'}'`;
  const label = (holder, key) => (Array.isArray(holder) ? `index ${key}` : `property '${key}'`);
  const visit = (object) => {
    if (object === null || typeof object !== 'object' || typeof object.toJSON === 'function') return undefined;
    const start = open.findIndex((entry) => entry.object === object);
    if (start >= 0) {
      const path = open.slice(start);
      const lines = [`    --> starting at ${name(object)}`];
      path.slice(1, 2).forEach((entry) => lines.push(`    |     ${label(path[0].object, path[0].key)} -> ${name(entry.object)}`));
      if (path.length > 3) lines.push('    |     ...');
      if (path.length > 2) lines.push(`    |     ${label(path.at(-2).object, path.at(-2).key)} -> ${name(path.at(-1).object)}`);
      lines.push(`    --- ${label(path.at(-1).object, path.at(-1).key)} closes the circle`);
      return `Converting circular structure to JSON\n${lines.join('\n')}`;
    }
    const entry = { object, key: undefined };
    open.push(entry);
    for (entry.key of Object.keys(object)) {
      const found = visit(object[entry.key]);
      if (found) return found;
    }
    open.pop();
    return undefined;
  };
  try {
    return visit(value);
  } catch {
    return undefined;
  }
}

const nativeStringify = JSON.stringify;

replace(JSON, 'stringify', function (value, replacer, space) {
  try {
    return nativeStringify(value, replacer, space);
  } catch (error) {
    if (!(error instanceof TypeError) || error.message !== 'circular reference') throw error;
    const better = new TypeError(explainCycle(value) ?? 'Converting circular structure to JSON');
    Error.captureStackTrace(better, JSON.stringify);
    throw better;
  }
});

replace(JSON, 'parse', function (text, reviver) {
  try {
    return nativeParse(text, reviver);
  } catch (error) {
    if (!(error instanceof SyntaxError) || typeof text === 'symbol') throw error;
    const source = `${text}`;
    // V8 names the value that was passed by mistake.
    const message = typeof text !== 'string' ? `"${source}" is not valid JSON` : explainJson(source);
    if (typeof message !== 'string') throw error;
    const better = new SyntaxError(message);
    Error.captureStackTrace(better, JSON.parse);
    throw better;
  }
});
