// The messages of assertions that compare two values.

import { inspect } from './inspect.js';

const HEADINGS = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values identical but not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
};

const SHORT_LINE = 12;
const MOST_LINES = 50;

function show(value) {
  return inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Infinity,
    showHidden: false,
    showProxy: false,
    sorted: true,
    getters: true,
  });
}

const isReference = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Marks each line as kept, added or removed, by the longest common subsequence. */
function compareLines(actual, expected) {
  const lengths = Array.from({ length: actual.length + 1 }, () => new Uint32Array(expected.length + 1));
  // A trailing comma is no difference worth showing.
  const same = (a, b) => a === b || `${a},` === b || a === `${b},`;
  for (let i = actual.length - 1; i >= 0; i--) {
    for (let j = expected.length - 1; j >= 0; j--) {
      lengths[i][j] = same(actual[i], expected[j])
        ? lengths[i + 1][j + 1] + 1
        : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const result = [];
  let i = 0;
  let j = 0;
  while (i < actual.length || j < expected.length) {
    if (i < actual.length && j < expected.length && same(actual[i], expected[j])) {
      result.push(['  ', actual[i].length >= expected[j].length ? actual[i] : expected[j]]);
      i++;
      j++;
    } else if (i < actual.length && (j === expected.length || lengths[i + 1][j] >= lengths[i][j + 1])) {
      result.push(['+ ', actual[i++]]);
    } else {
      result.push(['- ', expected[j++]]);
    }
  }
  return result;
}

/** Leaves out what is far from any difference. */
function shorten(marked) {
  const near = marked.map((unused, index) =>
    marked.slice(Math.max(0, index - 2), index + 3).some(([mark]) => mark !== '  '),
  );
  const lines = [];
  let skipped = 0;
  let anySkipped = false;
  marked.forEach(([mark, text], index) => {
    if (!near[index] && marked.length > 6) {
      skipped++;
      return;
    }
    if (skipped > 1) {
      lines.push('...');
      anySkipped = true;
    } else if (skipped === 1) {
      lines.push(marked[index - 1].join(''));
    }
    skipped = 0;
    lines.push(mark + text);
  });
  if (skipped > 0) {
    lines.push('...');
    anySkipped = true;
  }
  return { lines, anySkipped };
}

function difference(operator, actual, expected) {
  const actualLines = show(actual).split('\n');
  const expectedLines = show(expected).split('\n');

  if (operator === 'strictEqual') {
    const bothReferences = isReference(actual) && isReference(expected);
    if (bothReferences && actualLines.join('\n') === expectedLines.join('\n')) {
      return `${HEADINGS.notIdentical}\n\n${actualLines.join('\n')}\n`;
    }
    if (bothReferences) operator = 'strictEqualObject';
  }
  const oneLine = actualLines.length === 1 && expectedLines.length === 1 && actualLines[0] !== expectedLines[0];
  if (
    oneLine &&
    !(isReference(actual) && isReference(expected)) &&
    actualLines[0].length + expectedLines[0].length <= SHORT_LINE &&
    (actual !== 0 || expected !== 0)
  ) {
    return `${HEADINGS[operator]}\n\n${actualLines[0]} !== ${expectedLines[0]}\n`;
  }
  const { lines, anySkipped } = shorten(compareLines(actualLines, expectedLines));
  const legend = `+ actual - expected${anySkipped ? '\n... Skipped lines' : ''}`;
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '...'] : lines;
  return `${HEADINGS[operator]}\n${legend}\n\n${shown.join('\n')}`;
}

function limited(value, most) {
  const lines = show(value).split('\n');
  return lines.length > most ? [...lines.slice(0, most - 3), '...'] : lines;
}

export function describeDifference(operator, actual, expected) {
  switch (operator) {
    case 'deepStrictEqual':
    case 'strictEqual':
      return difference(operator, actual, expected);
    case 'deepEqual': {
      const [left, right] = [limited(actual, 50).join('\n'), limited(expected, 50).join('\n')];
      return `${HEADINGS.deepEqual}\n\n${left}\n\nshould loosely deep-equal\n\n${right}`;
    }
    case 'notDeepStrictEqual':
    case 'notStrictEqual':
    case 'notDeepEqual': {
      const lines = limited(actual, 50);
      const heading =
        operator === 'notStrictEqual' && isReference(actual) ? HEADINGS.notStrictEqualObject : HEADINGS[operator];
      return lines.length === 1
        ? `${heading}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`
        : `${heading}\n\n${lines.join('\n')}\n`;
    }
    default:
      return `${inspect(actual)} ${operator} ${inspect(expected)}`;
  }
}
