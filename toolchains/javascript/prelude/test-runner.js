// A small node:test: tests and suites run one after the other and are reported in TAP.

import { inspect } from './inspect.js';

let isScheduled = false;
let failures = 0;
const root = { children: [], hooks: newHooks(), depth: 0 };
let current = root;

function newHooks() {
  return { before: [], after: [], beforeEach: [], afterEach: [] };
}

function parse(name, options, run) {
  const args = [name, options, run];
  const title =
    args.find((arg) => typeof arg === 'string') ?? args.find((arg) => typeof arg === 'function')?.name ?? '<anonymous>';
  return {
    title: title || '<anonymous>',
    options: args.find((arg) => arg !== null && typeof arg === 'object') ?? {},
    run: args.find((arg) => typeof arg === 'function') ?? (() => {}),
  };
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  // After the main program has declared everything.
  setImmediate(async () => {
    console.log('TAP version 13');
    await runChildren(root);
    console.log(`1..${root.children.length}`);
    const passed = root.children.filter((child) => child.passed).length;
    console.log(`# tests ${root.children.length}\n# pass ${passed}\n# fail ${root.children.length - passed}`);
    if (failures) process.exitCode ??= 1;
  });
}

async function runChildren(parent) {
  const pad = '    '.repeat(parent.depth);
  for (const hook of parent.hooks.before) await hook();
  for (const [index, child] of parent.children.entries()) {
    console.log(`${pad}# Subtest: ${child.title}`);
    let failure;
    const skip = child.options.skip || child.options.todo;
    if (!skip) {
      try {
        for (const hook of parent.hooks.beforeEach) await hook();
        await child.start();
      } catch (error) {
        failure = error;
      }
      try {
        for (const hook of parent.hooks.afterEach) await hook();
      } catch (error) {
        failure ??= error;
      }
    }
    child.passed = failure === undefined;
    if (failure !== undefined) failures++;
    const note = child.options.skip ? ' # SKIP' : child.options.todo ? ' # TODO' : '';
    console.log(`${pad}${child.passed ? 'ok' : 'not ok'} ${index + 1} - ${child.title}${note}`);
    if (failure !== undefined) {
      console.log(
        `${pad}  ---\n${inspect(failure)
          .split('\n')
          .map((line) => `${pad}  ${line}`)
          .join('\n')}\n${pad}  ...`,
      );
    }
  }
  for (const hook of parent.hooks.after) await hook();
}

function addTest(parent, name, options, run, extra = {}) {
  const parsed = parse(name, options, run);
  const node = {
    ...parsed,
    options: { ...parsed.options, ...extra },
    children: [],
    hooks: newHooks(),
    depth: parent.depth + 1,
    passed: false,
  };
  node.start = async () => {
    await parsed.run(contextOf(node));
    if (node.subtestFailed) throw new Error('1 or more subtests failed');
  };
  parent.children.push(node);
  schedule();
  return node;
}

/** The `t` that a test gets. */
function contextOf(node) {
  return {
    name: node.title,
    async test(name, options, run) {
      const child = addTest(node, name, options, run);
      const single = {
        ...node,
        children: [child],
        hooks: { ...newHooks(), beforeEach: node.hooks.beforeEach, afterEach: node.hooks.afterEach },
      };
      await runChildren(single);
      if (!child.passed) node.subtestFailed = true;
    },
    before: (hook) => node.hooks.before.push(hook),
    after: (hook) => node.hooks.after.push(hook),
    beforeEach: (hook) => node.hooks.beforeEach.push(hook),
    afterEach: (hook) => node.hooks.afterEach.push(hook),
    diagnostic: (message) => console.log(`${'    '.repeat(node.depth)}# ${message}`),
    skip: () => {
      node.options.skip = true;
    },
    todo: () => {
      node.options.todo = true;
    },
    signal: new AbortController().signal,
    mock,
  };
}

function test(name, options, run) {
  addTest(current, name, options, run);
  return Promise.resolve();
}

function describe(name, options, run) {
  const node = addTest(current, name, options, run);
  const outer = current;
  current = node;
  let declared;
  try {
    declared = node.run();
  } finally {
    current = outer;
  }
  node.start = async () => {
    await declared;
    await runChildren(node);
    if (node.children.some((child) => !child.passed)) throw new Error('1 or more subtests failed');
  };
  return Promise.resolve();
}

const mock = {
  fn(original = () => {}) {
    const calls = [];
    const mocked = function (...args) {
      const call = { arguments: args, this: this, result: undefined, error: undefined };
      calls.push(call);
      try {
        call.result = Reflect.apply(original, this, args);
        return call.result;
      } catch (error) {
        call.error = error;
        throw error;
      }
    };
    mocked.mock = {
      calls,
      callCount: () => calls.length,
      resetCalls: () => {
        calls.length = 0;
      },
    };
    return mocked;
  },
  method(object, name, replacement = object[name]) {
    const original = object[name];
    object[name] = mock.fn(replacement);
    object[name].mock.restore = () => {
      object[name] = original;
    };
    return object[name];
  },
};

for (const declare of [test, describe]) {
  declare.skip = (name, options, run) => {
    addTest(current, name, options, run, { skip: true });
  };
  declare.todo = (name, options, run) => {
    addTest(current, name, options, run, { todo: true });
  };
  declare.only = declare;
}

export default Object.assign(test, {
  test,
  it: test,
  describe,
  suite: describe,
  before: (hook) => current.hooks.before.push(hook),
  after: (hook) => current.hooks.after.push(hook),
  beforeEach: (hook) => current.hooks.beforeEach.push(hook),
  afterEach: (hook) => current.hooks.afterEach.push(hook),
  mock,
});
