// The report: one line of JSON for each test, on the real standard output. The server believes nothing else.
'use strict';

const { inspect } = require('util');

const MOST_TESTS = 10_000;
const LONGEST_NAME = 200;
const LONGEST_MESSAGE = 2000;

const cut = (text, most) => {
  const whole = `${text}`.toWellFormed?.() ?? `${text}`;
  return whole.length <= most ? whole : `${whole.slice(0, most - 1)}…`;
};

class Report {
  /** `link` also tells whether the solution still lives; `lineOf` the line of the tests that an error came from. */
  constructor(link, lineOf) {
    this.link = link;
    this.lineOf = lineOf;
    this.count = 0;
    this.names = new Map();
    this.isComplete = true;
  }

  /** `status` is passed, failed, error or skipped. */
  record(name, status, message, ms = 0) {
    if (this.count >= MOST_TESTS) return;
    if (this.link.whyEnded) {
      // Whatever the tests made of it: a solution that is over passes nothing from there on.
      [status, message] = ['error', this.link.whyEnded];
    }
    if (++this.count === MOST_TESTS) {
      this.isComplete = false;
      [name, status, message] = ['(more tests)', 'error', `there are ${MOST_TESTS} tests or more`];
    }
    const line = { test: this.unique(cut(name, LONGEST_NAME)), status };
    if (message) line.message = cut(message, LONGEST_MESSAGE);
    line.time_ms = Math.round(ms * 1000) / 1000;
    this.line(line);
  }

  done() {
    this.line({ done: this.count });
  }

  unique(name) {
    let count = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, count);
    for (; count > 1; count++) {
      const unique = `${name} #${count}`;
      if (this.names.has(unique)) continue;
      this.names.set(name, count);
      this.names.set(unique, 1);
      return unique;
    }
    return name;
  }

  line(content) {
    this.link.write(`#${JSON.stringify(content)}\n`);
  }

  /** The status and message of what a test threw; `isNamed`: the name of the test says the line. */
  describe(error, isNamed = false) {
    try {
      if (!(error instanceof Error)) return ['error', `threw ${inspect(error)}`];
      // The name of the class alone proves nothing: the solution may throw an error of that name.
      const isFailure = error.code === 'ERR_ASSERTION' && !this.link.isKnown(error);
      const [number, line] = this.lineOf(error);
      const place = this.link.places.get(error) ?? (number > 0 && !isNamed ? `line ${number}: ${line}` : null);
      const isBare =
        isFailure && error.generatedMessage && /^The expression evaluated to a falsy value/.test(error.message);
      const text = isBare ? 'it is falsy' : isFailure ? error.message.trim() : `${error.name}: ${error.message}`;
      return [isFailure ? 'failed' : 'error', place ? `${text} (${place})` : text];
    } catch {
      return ['error', 'threw what cannot be shown'];
    }
  }
}

module.exports = { Report };
