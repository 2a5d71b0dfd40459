// The assert module as the tests get it: outside of a test each assertion is a test of its own, and the ones after a failing
// one still run. Used by harness_host.js.
'use strict';

const assert = require('assert');

/** `lineOfCall` gives [number, text] of the line of the tests that runs; `isInTest` whether a test does. */
function wrapAsserts({ report, lineOfCall, isInTest, pending }) {
  let nested = false;

  /** Runs an assertion, which outside of a test is one. */
  function check(run) {
    if (nested || isInTest()) return run();
    const [number, text] = lineOfCall();
    const name = `line ${number}: ${text}`;
    const start = performance.now();
    const settle = (status, message) => report.record(name, status, message, performance.now() - start);
    const fail = (error) => settle(...report.describe(error, true));
    nested = true;
    try {
      const result = run();
      if (typeof result?.then === 'function') return track(result.then(() => settle('passed'), fail));
      settle('passed');
    } catch (error) {
      fail(error);
    } finally {
      nested = false;
    }
    return undefined;
  }

  const wrap =
    (original) =>
    (...args) =>
      check(() => original(...args));

  function track(promise) {
    pending.add(promise);
    promise.then(() => pending.delete(promise));
    return promise;
  }

  function wrapAll(module) {
    const wrapped = wrap(module);
    for (const [name, value] of Object.entries(module)) {
      wrapped[name] = typeof value === 'function' && !/^[A-Z]/.test(name) && name !== 'strict' ? wrap(value) : value;
    }
    return wrapped;
  }

  const loose = wrapAll(assert);
  const strict = wrapAll(assert.strict);
  loose.strict = strict.strict = strict;
  return { assert: loose, strict, check };
}

module.exports = { wrapAsserts };
