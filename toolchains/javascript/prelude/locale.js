// Numbers, dates and texts for people, as V8 gives them by default: it has Intl, this engine has not. There is one locale,
// en-US, and one time zone, UTC.

import { replaceMethod } from './globals.js';

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
    const decimals = shortest.includes('e') ? '' : (shortest.split('.')[1] ?? '');
    if (decimals.length > most && decimals[most] === '5' && /^50*$/.test(decimals.slice(most))) {
      text = Number(`${Math.round(Number(`${size}e${most}`))}e-${most}`).toFixed(most);
    }
  }
  let [whole, fraction = ''] = text.split('.');
  while (fraction.length > least && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  whole = whole.padStart(options.minimumIntegerDigits ?? 1, '0');
  if (options.useGrouping !== false) whole = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const isNegative = typeof value === 'bigint' ? value < 0n : value < 0 || Object.is(value, -0);
  const symbol = isCurrency
    ? ({ USD: '$', EUR: '€', GBP: '£', JPY: '¥' }[options.currency] ?? `${options.currency} `)
    : '';
  return `${isNegative ? '-' : ''}${symbol}${whole}${fraction ? `.${fraction}` : ''}${isPercent ? '%' : ''}`;
}

replaceMethod(Number.prototype, 'toLocaleString', function (locales, options) {
  return formatNumber(Number.prototype.valueOf.call(this), options);
});
replaceMethod(BigInt.prototype, 'toLocaleString', function (locales, options) {
  return formatNumber(BigInt.prototype.valueOf.call(this), options);
});

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (value) => String(value).padStart(2, '0');

function dateFields(date, options) {
  const utc = options.timeZone === 'UTC';
  const get = (name) => date[`get${utc ? 'UTC' : ''}${name}`]();
  return {
    year: get('FullYear'),
    month: get('Month'),
    day: get('Date'),
    weekday: get('Day'),
    hour: get('Hours'),
    minute: get('Minutes'),
    second: get('Seconds'),
  };
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
  const hour = hour24
    ? two(fields.hour)
    : options.hour === '2-digit'
      ? two(fields.hour % 12 || 12)
      : `${fields.hour % 12 || 12}`;
  const parts = [
    options.hour && hour,
    options.minute && two(fields.minute),
    options.second && two(fields.second),
  ].filter(Boolean);
  return `${parts.join(':')}${hour24 || !options.hour ? '' : fields.hour < 12 ? ' AM' : ' PM'}`;
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
    ? {
        ...given,
        ...STYLES.dateStyle[given.dateStyle],
        ...(given.timeStyle ? (STYLES.timeStyle[given.timeStyle] ?? STYLES.timeStyle.medium) : {}),
      }
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
  replaceMethod(Date.prototype, name, function (locales, options) {
    const own =
      name === 'toLocaleDateString' && options && !DATE_FIELDS.some((field) => options[field]) && !options.dateStyle
        ? { ...FULL_DATE, ...options }
        : name === 'toLocaleTimeString' && options && !TIME_FIELDS.some((field) => options[field]) && !options.timeStyle
          ? { ...FULL_TIME, ...options }
          : options;
    return formatDate(this, own, defaults);
  });
}
// V8 names the time zone after the offset.
replaceMethod(Date.prototype, 'toString', function () {
  const text = dateToString.call(this);
  return text === 'Invalid Date' || text.endsWith(')') ? text : `${text} (Coordinated Universal Time)`;
});
const { toTimeString } = Date.prototype;
replaceMethod(Date.prototype, 'toTimeString', function () {
  const text = toTimeString.call(this);
  return text === 'Invalid Date' || text.endsWith(')') ? text : `${text} (Coordinated Universal Time)`;
});

// The most used corner of Intl, in the one locale there is.
if (typeof globalThis.Intl === 'undefined') {
  class Formatter {
    #options;
    constructor(locales, options = {}) {
      this.#options = options;
      this.format = this.format.bind(this);
    }
    resolvedOptions() {
      return { locale: 'en-US', timeZone: 'UTC', numberingSystem: 'latn', calendar: 'gregory', ...this.#options };
    }
    get options() {
      return this.#options;
    }
    static supportedLocalesOf() {
      return ['en-US'];
    }
  }
  class NumberFormat extends Formatter {
    format(value) {
      return formatNumber(typeof value === 'bigint' ? value : Number(value), this.options);
    }
  }
  class DateTimeFormat extends Formatter {
    format(date = Date.now()) {
      return formatDate(new Date(date), this.options, FULL_DATE);
    }
  }
  class Collator {
    constructor(locales, options = {}) {
      this.options = options;
      this.compare = this.compare.bind(this);
    }
    compare(a, b) {
      return compareText(`${a}`, `${b}`, this.options);
    }
    resolvedOptions() {
      return { locale: 'en-US', ...this.options };
    }
  }
  class PluralRules extends Formatter {
    format(value) {
      return this.select(value);
    }
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
    format() {
      return '';
    }
    *segment(text) {
      let index = 0;
      const pattern =
        this.options.granularity === 'word'
          ? /[\p{L}\p{N}_']+|[^\p{L}\p{N}_']/gu
          : /\p{RI}\p{RI}|\p{Emoji}(\p{EMod}|\ufe0f\u20e3?|[\u{e0020}-\u{e007e}]+\u{e007f})?(\u200d\p{Emoji}(\p{EMod}|\ufe0f)?)*|\r\n|.\p{M}*/gsu;
      for (const [segment] of `${text}`.matchAll(pattern)) {
        yield {
          segment,
          index,
          input: text,
          isWordLike: this.options.granularity === 'word' ? /[\p{L}\p{N}]/u.test(segment) : undefined,
        };
        index += segment.length;
      }
    }
  }
  Object.defineProperty(globalThis, 'Intl', {
    value: {
      NumberFormat,
      DateTimeFormat,
      Collator,
      PluralRules,
      ListFormat,
      Segmenter,
      getCanonicalLocales: (list) => [list].flat(),
    },
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
      const order = bothNumbers
        ? Number(left[i]) - Number(right[i])
        : compareText(left[i], right[i], { ...options, numeric: false });
      if (order) return Math.sign(order);
    }
    return Math.sign(left.length - right.length);
  }
  const sensitivity = options.sensitivity ?? 'variant';
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const kind = (char) =>
    /\s/.test(char) ? 0 : /[\p{P}]/u.test(char) ? 1 : /[\p{S}]/u.test(char) ? 2 : /\p{N}/u.test(char) ? 3 : 4;
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

/** The place of each ASCII character in that order, without regard to case. */
const asciiWeights = new Uint8Array(128);
Array.from({ length: 128 }, (unused, code) => String.fromCharCode(code))
  .sort((a, b) => compareText(a, b, { sensitivity: 'base' }))
  .forEach((char, index, all) => {
    const before = all[index - 1];
    const isSame = before !== undefined && before.toLowerCase() === char.toLowerCase();
    asciiWeights[char.charCodeAt(0)] = isSame ? asciiWeights[before.charCodeAt(0)] : index;
  });

/** compareText() for plain ASCII; undefined if there is anything else. */
function compareAscii(a, b) {
  const length = Math.min(a.length, b.length);
  let firstCase = 0;
  let order = 0;
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left > 127 || right > 127) return undefined;
    if (left === right || order) continue;
    order = asciiWeights[left] - asciiWeights[right];
    if (!order && !firstCase) firstCase = left > right ? -1 : 1;
  }
  for (let i = length; i < a.length; i++) if (a.charCodeAt(i) > 127) return undefined;
  for (let i = length; i < b.length; i++) if (b.charCodeAt(i) > 127) return undefined;
  return Math.sign(order || a.length - b.length) || firstCase;
}

replaceMethod(String.prototype, 'localeCompare', function (other, locales, options) {
  const a = String(this);
  const b = String(other);
  if (options === undefined) {
    const order = compareAscii(a, b);
    if (order !== undefined) return order;
  }
  return compareText(a, b, options);
});
