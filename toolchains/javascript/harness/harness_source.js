// Changes the text of the tests before the guest loads them: `assert` and `node:test` become modules of ours, and a statement
// that is one call of an assertion becomes `check(() => …)`, so that an error in its arguments is that assertion's result
// and the next ones still run. Lines keep their numbers. Used by harness_host.js.
'use strict';

const IMPORTED =
  /(\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(?:node:(test)|(?:node:)?(assert(?:\/strict)?))\2/g;
const NAMES = [
  /(?:const|let|var)\s*\{([^}]*)\}\s*=\s*require\s*\(\s*['"](?:node:)?assert(?:\/strict)?['"]/g,
  /import\s+(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*['"](?:node:)?assert(?:\/strict)?['"]/g,
];
// After one of these a slash opens a pattern.
const BEFORE_PATTERN = /(?:^|[=(,:;!&|?{}[+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|yield|void|delete|do|else))$/;
const BEFORE_STATEMENT = /(?:^|[;{}])$/;

/** `moduleFor(name, isRequired)` is the file to load in place of a builtin module. */
function rewrite(text, moduleFor, check) {
  const names = ['assert'];
  for (const pattern of NAMES)
    for (const [, list] of text.matchAll(pattern)) names.push(...list.split(',').map(localName));
  const known = names
    .filter((name) => /^[\w$]+$/.test(name))
    .join('|')
    .replaceAll('$', '\\$');
  const wrapped = wrapCalls(text, new RegExp(`(?:${known})(?:\\.\\w+)*\\(`, 'y'), check);
  return wrapped.replace(
    IMPORTED,
    (_, before, quote, test, assert) =>
      `${before}${quote}${moduleFor(test ?? assert, before.startsWith('require'))}${quote}`,
  );
}

const localName = (part) =>
  part
    .split(/\s*:\s*|\s+as\s+/)
    .at(-1)
    .trim();

function wrapCalls(text, call, check) {
  const edits = [];
  let line = 0;
  for (let at = 0; at < text.length;) {
    if (at === line) {
      at += /^[ \t]*/.exec(text.slice(at, at + 200))[0].length;
      call.lastIndex = at;
      const opened = call.test(text) && BEFORE_STATEMENT.test(codeBefore(text, line)) ? call.lastIndex : 0;
      const end = opened && closing(text, opened);
      if (
        end &&
        /^[ \t]*(?:;|$|\r?\n|\}|\/\/)/.test(text.slice(end, end + 200)) &&
        !/\b(?:await|yield)\b/.test(text.slice(at, end))
      ) {
        edits.push([at, end]);
        at = end;
        continue;
      }
    }
    const next = skip(text, at);
    const lines = text.lastIndexOf('\n', next - 1);
    if (lines >= at) line = lines + 1;
    at = next;
  }
  let result = '';
  let last = 0;
  for (const [start, end] of edits) {
    result += `${text.slice(last, start)}${check}(() => ${text.slice(start, end)})`;
    last = end;
  }
  return result + text.slice(last);
}

/** The end of the code before a position, without space and line comments. */
function codeBefore(text, at) {
  let before = text.slice(0, at).trimEnd();
  for (;;) {
    const line = before.slice(before.lastIndexOf('\n') + 1);
    if (!line.trimStart().startsWith('//') && !before.endsWith('*/')) break;
    before = before
      .slice(0, before.endsWith('*/') ? Math.max(before.lastIndexOf('/*'), 0) : before.length - line.length)
      .trimEnd();
    if (before === '') break;
  }
  return before.replace(/\)$/, ';').replace(/[;\s]\s*\/\/[^\n'"`]*$/, ';'); // a call without its semicolon, a comment after one
}

/** Where the bracket that was just opened is closed; 0 if it is not. */
function closing(text, at) {
  for (let depth = 1; at < text.length;) {
    if ('([{'.includes(text[at])) depth++;
    if (')]}'.includes(text[at]) && --depth === 0) return at + 1;
    at = skip(text, at);
  }
  return 0;
}

/** The position after one character of code, or after a whole text, comment or pattern. */
function skip(text, at) {
  const two = text.slice(at, at + 2);
  if (two === '//' || two === '/*') {
    const end = text.indexOf(two === '//' ? '\n' : '*/', at + 2);
    return end < 0 ? text.length : end + (two === '//' ? 0 : 2);
  }
  const char = text[at];
  if (char === '"' || char === "'") return quoted(text, at, char);
  if (char === '`') return template(text, at);
  if (
    char === '/' &&
    BEFORE_PATTERN.test(
      text
        .slice(Math.max(0, at - 300), at)
        .replace(/\/\/[^\n]*\n\s*$/, '')
        .trimEnd(),
    )
  ) {
    const found = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
    found.lastIndex = at;
    if (found.test(text)) return found.lastIndex;
  }
  return at + 1;
}

function quoted(text, at, quote) {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote || text[i] === '\n') return i + 1;
  }
  return text.length;
}

function template(text, at) {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text.startsWith('${', i)) i = (closing(text, i + 2) || text.length) - 1;
  }
  return text.length;
}

module.exports = { rewrite };
