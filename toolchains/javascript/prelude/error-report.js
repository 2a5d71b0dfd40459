// How an error that nobody caught is shown: where it is in the source, then the error as console.log would print it.

import { inspect } from './inspect.js';
import { readText } from './resolve.js';

const FRAME = /^ {4}at (?:.*\()?(\/[^\n]*?):(\d+):(\d+)\)?$/m;

/** `file:line`, the line, and a caret under the column. Empty if the file is not there. */
function excerpt(file, line, column) {
  const text = readText(file)?.split('\n')[line - 1];
  if (text === undefined) return '';
  const indent = text.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, ' ');
  return `${file}:${line}\n${text.replace(/\r$/, '')}\n${indent}^\n\n`;
}

export function sourceContext(error) {
  if (!Error.isError(error)) {
    return `Uncaught:\n${inspect(error)}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)\n`;
  }
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const found = FRAME.exec(stack);
  const context = found ? excerpt(found[1], Number(found[2]), Number(found[3])) : '';
  let shown;
  // The engine gives the position of a syntax error as a frame; V8 only has it in the excerpt.
  if (
    found &&
    error instanceof SyntaxError &&
    stack.includes(`\n    at ${found[1]}:${found[2]}:${found[3]}`) &&
    !found[0].includes('(')
  ) {
    shown = stack.replace(`\n${found[0]}`, '');
  }
  return `${context}${shown ?? inspect(error)}\n\nNode.js ${process.version}\n`;
}
