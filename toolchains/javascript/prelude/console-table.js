// The boxes of console.table.

import { getStringWidth, inspect } from './inspect.js';

function cell(value) {
  const keys = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value).length : 0;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: keys > 2 ? -1 : 0 });
}

/** [heading of the index column, rows of index and value, heading of single values] */
function rowsOf(data) {
  if (data instanceof Map) {
    return ['(iteration index)', [...data].map(([key, value], index) => [index, { Key: key, Values: value }]), true];
  }
  if (data instanceof Set) return ['(iteration index)', [...data].map((value, index) => [index, value]), false];
  if (typeof data[Symbol.iterator] === 'function' && !Array.isArray(data) && !ArrayBuffer.isView(data)) {
    return ['(iteration index)', [...data].map((value, index) => [index, value]), false];
  }
  return ['(index)', Object.keys(data).map((key) => [key, data[key]]), false];
}

export function renderTable(data, columns) {
  const [indexHeading, rows, isMap] = rowsOf(data);
  const names = [];
  const seen = new Map();
  const lines = [];
  let hasValues = false;

  for (const [index, value] of rows) {
    const line = { index: `${index}`, cells: new Map(), value: '' };
    const primitive = value === null || (typeof value !== 'object' && typeof value !== 'function');
    if (primitive) {
      line.value = cell(value);
      hasValues = true;
    } else {
      for (const name of columns ?? Object.keys(value)) {
        if (!seen.has(name)) {
          seen.set(name, names.length);
          names.push(name);
        }
        if (Object.hasOwn(value, name)) line.cells.set(name, cell(value[name]));
      }
    }
    lines.push(line);
  }

  const headings = [indexHeading, ...names, ...(hasValues && !isMap ? ['Values'] : [])];
  const body = lines.map((line) => [
    line.index,
    ...names.map((name) => line.cells.get(name) ?? ''),
    ...(hasValues && !isMap ? [line.value] : []),
  ]);
  return draw(headings, body);
}

function draw(headings, body) {
  const widths = headings.map(
    (heading, column) => Math.max(getStringWidth(heading), ...body.map((row) => getStringWidth(row[column]))) + 2,
  );
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const row = (cells) =>
    `│${cells.map((text, column) => ` ${text}${' '.repeat(widths[column] - getStringWidth(text) - 1)}`).join('│')}│`;
  return [rule('┌', '┬', '┐'), row(headings), rule('├', '┼', '┤'), ...body.map(row), rule('└', '┴', '┘')].join('\n');
}
