// The assert module.

import { inspect } from './inspect.js';
import { isDeepEqual, isDeepStrictEqual } from './deep-equal.js';
import { codedError, invalidArgType, invalidArgValue } from './node-errors.js';
import { describeDifference } from './assert-diff.js';

const OPERATOR_TEXTS = {
  '==': (actual, expected) => `${inspect(actual)} == ${inspect(expected)}`,
  '!=': (actual, expected) => `${inspect(actual)} != ${inspect(expected)}`,
};

export class AssertionError extends Error {
  constructor(options) {
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
    const { actual, expected, operator, message, stackStartFn } = options;
    if (message !== undefined) super(`${message}`);
    else super(describe(operator, actual, expected));
    this.generatedMessage = message === undefined;
    Object.defineProperty(this, 'name', {
      value: 'AssertionError',
      writable: true,
      configurable: true,
      enumerable: false,
    });
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    Error.captureStackTrace(this, stackStartFn ?? AssertionError);
    this.stack = String(this.stack).replace('AssertionError', 'AssertionError [ERR_ASSERTION]');
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return inspect(this, { ...options, customInspect: false, depth: 0 });
  }
}

function describe(operator, actual, expected) {
  const text = OPERATOR_TEXTS[operator];
  return text ? text(actual, expected) : describeDifference(operator, actual, expected);
}

function fail(start, actual, expected, message, operator) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ actual, expected, message, operator, stackStartFn: start });
}

function checkTwo(args) {
  if (args.length < 2)
    throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified');
}

function assertTruthy(start, args) {
  const [value, message] = args;
  if (value) return;
  if (message instanceof Error) throw message;
  const generated = args.length === 0 || message === undefined || message === null;
  const error = new AssertionError({
    actual: value,
    expected: true,
    message: !generated
      ? message
      : args.length === 0
        ? 'No value argument passed to `assert.ok()`'
        : 'The expression evaluated to a falsy value',
    operator: '==',
    stackStartFn: start,
  });
  error.generatedMessage = generated;
  throw error;
}

function assert(...args) {
  assertTruthy(assert, args);
}

function ok(...args) {
  assertTruthy(ok, args);
}

function assertFail(message = 'Failed') {
  if (message instanceof Error) throw message;
  const error = new AssertionError({ message, operator: 'fail', stackStartFn: assertFail });
  error.generatedMessage = arguments.length === 0;
  throw error;
}

const looselyEqual = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b)); // eslint-disable-line eqeqeq

/** Whether an error is what throws() or rejects() was told to expect; throws itself if not. */
function checkExpected(start, actual, expected, message) {
  if (expected === undefined) return;
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && actual instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected) || expected === Error) {
      // The wrong class: the error itself is more useful than a message about it.
      if (message !== undefined) fail(start, actual, expected, message, start.name);
      fail(
        start,
        actual,
        expected,
        `The error is expected to be an instance of "${expected.name}". Received ` +
          `${actual instanceof Error ? `"${actual.name}"` : `"${inspect(actual, { depth: -1 })}"`}` +
          `${actual instanceof Error ? `\n\nError message:\n\n${actual.message}` : ''}`,
        start.name,
      );
    }
    const verdict = expected.call({}, actual);
    if (verdict !== true) {
      fail(
        start,
        actual,
        expected,
        message ??
          `The ${expected.name ? `"${expected.name}"` : ''}${expected.name ? ' ' : ''}validation function is expected to return "true". Received ` +
            `${inspect(verdict)}\n\nCaught error:\n\n${actual}`,
        start.name,
      );
    }
    return;
  }
  if (expected instanceof RegExp) {
    if (expected.test(String(actual))) return;
    fail(
      start,
      actual,
      expected,
      message ??
        `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(actual))}\n`,
      start.name,
    );
  }
  if (typeof expected !== 'object' || expected === null) {
    throw invalidArgType('expected', ['function', 'Error', 'RegExp', 'Object'], expected);
  }
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push('name', 'message');
  else if (keys.length === 0) throw invalidArgValue('error', expected, 'may not be an empty object');
  for (const key of keys) {
    const matches =
      typeof actual?.[key] === 'string' && expected[key] instanceof RegExp
        ? expected[key].test(actual[key])
        : key in Object(actual) && isDeepStrictEqual(actual[key], expected[key]);
    if (matches) continue;
    const pick = (source) =>
      Object.fromEntries(keys.filter((name) => name in Object(source)).map((name) => [name, source[name]]));
    fail(
      start,
      pick(actual),
      pick(expected),
      message ?? describeDifference('deepStrictEqual', pick(actual), pick(expected)),
      start.name,
    );
  }
}

const NOTHING = Symbol('nothing was thrown');

function caughtFrom(action) {
  if (typeof action !== 'function') throw invalidArgType('fn', 'function', action);
  try {
    action();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

async function rejectionOf(source) {
  let promise = source;
  if (typeof source === 'function') {
    promise = source();
    if (typeof promise?.then !== 'function') {
      throw codedError(
        TypeError,
        'ERR_INVALID_RETURN_VALUE',
        `Expected instance of Promise to be returned from the "promiseFn" function but got ${promise === null || typeof promise !== 'object' ? `type ${typeof promise}` : `an instance of ${promise.constructor?.name}`}.`,
      );
    }
  } else if (typeof source?.then !== 'function') {
    throw invalidArgType('promiseFn', ['function', 'Promise'], source);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function expectError(start, what, actual, expected, message) {
  if (typeof expected === 'string') [expected, message] = [undefined, expected];
  if (actual === NOTHING) {
    const name = expected?.name ? ` (${expected.name})` : '';
    const detail = message ? `: ${message instanceof Error ? message.message : message}` : '.';
    fail(
      start,
      undefined,
      expected,
      message instanceof Error ? message : `Missing expected ${what}${name}${detail}`,
      start.name,
    );
  }
  checkExpected(start, actual, expected, message);
}

function expectNoError(start, what, actual, expected, message) {
  if (actual === NOTHING) return;
  if (typeof expected === 'string') [expected, message] = [undefined, expected];
  if (
    expected !== undefined &&
    !(typeof expected === 'function' && actual instanceof expected) &&
    !(expected instanceof RegExp && expected.test(String(actual)))
  )
    throw actual;
  fail(
    start,
    actual,
    expected,
    `Got unwanted ${what}${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"`,
    start.name,
  );
}

Object.assign(assert, {
  AssertionError,
  ok,
  fail: assertFail,
  equal(actual, expected, message) {
    checkTwo(arguments);
    if (!looselyEqual(actual, expected)) fail(assert.equal, actual, expected, message, '==');
  },
  notEqual(actual, expected, message) {
    checkTwo(arguments);
    if (looselyEqual(actual, expected)) fail(assert.notEqual, actual, expected, message, '!=');
  },
  strictEqual(actual, expected, message) {
    checkTwo(arguments);
    if (!Object.is(actual, expected)) fail(assert.strictEqual, actual, expected, message, 'strictEqual');
  },
  notStrictEqual(actual, expected, message) {
    checkTwo(arguments);
    if (Object.is(actual, expected)) fail(assert.notStrictEqual, actual, expected, message, 'notStrictEqual');
  },
  deepEqual(actual, expected, message) {
    checkTwo(arguments);
    if (!isDeepEqual(actual, expected)) fail(assert.deepEqual, actual, expected, message, 'deepEqual');
  },
  notDeepEqual(actual, expected, message) {
    checkTwo(arguments);
    if (isDeepEqual(actual, expected)) fail(assert.notDeepEqual, actual, expected, message, 'notDeepEqual');
  },
  deepStrictEqual(actual, expected, message) {
    checkTwo(arguments);
    if (!isDeepStrictEqual(actual, expected))
      fail(assert.deepStrictEqual, actual, expected, message, 'deepStrictEqual');
  },
  notDeepStrictEqual(actual, expected, message) {
    checkTwo(arguments);
    if (isDeepStrictEqual(actual, expected))
      fail(assert.notDeepStrictEqual, actual, expected, message, 'notDeepStrictEqual');
  },
  throws(action, expected, message) {
    expectError(assert.throws, 'exception', caughtFrom(action), expected, message);
  },
  doesNotThrow(action, expected, message) {
    expectNoError(assert.doesNotThrow, 'exception', caughtFrom(action), expected, message);
  },
  async rejects(source, expected, message) {
    expectError(assert.rejects, 'rejection', await rejectionOf(source), expected, message);
  },
  async doesNotReject(source, expected, message) {
    expectNoError(assert.doesNotReject, 'rejection', await rejectionOf(source), expected, message);
  },
  ifError(value) {
    if (value === null || value === undefined) return;
    const text =
      typeof value === 'object' && typeof value.message === 'string'
        ? value.message || value.constructor.name
        : inspect(value);
    fail(assert.ifError, value, null, `ifError got unwanted exception: ${text}`, 'ifError');
  },
  match(text, pattern, message) {
    if (!(pattern instanceof RegExp)) throw invalidArgType('regexp', 'RegExp', pattern);
    if (typeof text === 'string' && pattern.test(text)) return;
    fail(
      assert.match,
      text,
      pattern,
      message ??
        (typeof text === 'string'
          ? `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`
          : `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`),
      'match',
    );
  },
  doesNotMatch(text, pattern, message) {
    if (!(pattern instanceof RegExp)) throw invalidArgType('regexp', 'RegExp', pattern);
    if (typeof text === 'string' && !pattern.test(text)) return;
    fail(
      assert.doesNotMatch,
      text,
      pattern,
      message ??
        `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`,
      'doesNotMatch',
    );
  },
});

/** assert.strict: the same with the loose comparisons replaced by the strict ones. */
const strict = Object.assign(
  function strict(...args) {
    assertTruthy(strict, args);
  },
  assert,
  {
    equal: assert.strictEqual,
    notEqual: assert.notStrictEqual,
    deepEqual: assert.deepStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
  },
);
assert.strict = strict;
strict.strict = strict;

export { strict };
export default assert;
