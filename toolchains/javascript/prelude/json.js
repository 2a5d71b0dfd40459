// JSON.parse and JSON.stringify with V8's messages. Only a failure costs anything.

import { replaceMethod } from './globals.js';

const nativeParse = JSON.parse;

/** Finds the first character that is no JSON, and says what V8 says about it. */
function explainJson(text) {
  let at = 0;
  const fail = (message) => {
    throw message;
  };
  const place = () => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    return `in JSON at position ${at} (line ${line} column ${at - before.lastIndexOf('\n')})`;
  };
  const unexpected = () => {
    if (at >= text.length) fail('Unexpected end of JSON input');
    const char = String.fromCodePoint(text.codePointAt(at));
    fail(
      text.length <= 40
        ? `Unexpected token '${char}', "${text}" is not valid JSON`
        : `Unexpected token '${char}', ${at > 10 ? '...' : ''}"${text.slice(Math.max(0, at - 10), at + 10)}"${at + 10 < text.length ? '...' : ''} is not valid JSON`,
    );
  };
  const space = () => {
    while (' \t\n\r'.includes(text[at] ?? '!')) at++;
  };
  const string = () => {
    for (at++; ; at++) {
      if (at >= text.length) fail(`Unterminated string ${place()}`);
      const char = text[at];
      if (char === '"') {
        at++;
        return;
      }
      if (char < ' ') fail(`Bad control character in string literal ${place()}`);
      if (char === '\\') {
        at++;
        if (at >= text.length) fail(`Unterminated string ${place()}`);
        if (text[at] === 'u') {
          for (let i = 1; i <= 4; i++) {
            if (!/[0-9a-fA-F]/.test(text[at + 1] ?? '')) {
              at++;
              fail(`Bad Unicode escape ${place()}`);
            }
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
      if (text[at] === '}') {
        at++;
        return;
      }
      for (let first = true; ; first = false) {
        space();
        if (at >= text.length && first) fail(`Expected property name or '}' ${place()}`);
        if (text[at] !== '"')
          fail(first ? `Expected property name or '}' ${place()}` : `Expected double-quoted property name ${place()}`);
        string();
        space();
        if (text[at] !== ':') fail(`Expected ':' after property name ${place()}`);
        at++;
        value();
        space();
        if (text[at] === '}') {
          at++;
          return;
        }
        if (text[at] !== ',') fail(`Expected ',' or '}' after property value ${place()}`);
        at++;
      }
    }
    if (char === '[') {
      at++;
      space();
      if (text[at] === ']') {
        at++;
        return;
      }
      for (;;) {
        value();
        space();
        if (text[at] === ']') {
          at++;
          return;
        }
        if (text[at] !== ',') fail(`Expected ',' or ']' after array element ${place()}`);
        at++;
      }
    }
    if (char === '"') {
      string();
      return;
    }
    if (char === '-' || (char >= '0' && char <= '9')) {
      number();
      return;
    }
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
      path
        .slice(1, 2)
        .forEach((entry) => lines.push(`    |     ${label(path[0].object, path[0].key)} -> ${name(entry.object)}`));
      if (path.length > 3) lines.push('    |     ...');
      if (path.length > 2)
        lines.push(`    |     ${label(path.at(-2).object, path.at(-2).key)} -> ${name(path.at(-1).object)}`);
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

replaceMethod(JSON, 'stringify', function (value, replacer, space) {
  try {
    return nativeStringify(value, replacer, space);
  } catch (error) {
    if (!(error instanceof TypeError) || error.message !== 'circular reference') throw error;
    const better = new TypeError(explainCycle(value) ?? 'Converting circular structure to JSON');
    Error.captureStackTrace(better, JSON.stringify);
    throw better;
  }
});

replaceMethod(JSON, 'parse', function (text, reviver) {
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
