// node:test as the tests get it: registers tests and suites, runs them one after the other, reports each. Used by
// harness_host.js.
'use strict';

const assert = require('assert');

const SKIPPED = Symbol('skipped');

class Runner {
  constructor(report) {
    this.report = report;
    this.root = suite('', null);
    this.suite = this.root;
    this.running = 0;
    this.finished = null;
    this.unexpected = null;
  }

  get isInTest() {
    return this.running > 0;
  }

  /** What node:test exports. */
  module() {
    const test = this.maker('test', {});
    const describe = this.maker('suite', {});
    const hook = (kind) => (run, options) => void this.suite.hooks[kind].push({ run, options });
    Object.assign(test, { test, it: test, describe, suite: describe, mock: makeMocks() });
    for (const kind of ['before', 'after', 'beforeEach', 'afterEach']) test[kind] = hook(kind);
    test.default = test;
    return test;
  }

  maker(kind, fixed) {
    const make = (...args) => {
      const entry = { ...parse(args), kind };
      entry.options = { ...entry.options, ...fixed };
      return kind === 'suite' ? this.addSuite(entry) : this.add(entry);
    };
    if (Object.keys(fixed).length > 0) return make;
    return Object.assign(make, {
      skip: this.maker(kind, { skip: true }),
      todo: this.maker(kind, { todo: true }),
      only: make,
    });
  }

  add(entry) {
    const promise = new Promise((resolve) => (entry.resolve = resolve));
    this.suite.entries.push(entry);
    this.schedule();
    return promise;
  }

  addSuite(entry) {
    const outer = this.suite;
    entry.suite = this.suite = suite(join(outer.name, entry.name), outer);
    outer.entries.push(entry);
    const leave = () => (this.suite = outer);
    const fail = (error) => (entry.error = error);
    try {
      const result = entry.options.skip ? undefined : entry.run();
      if (typeof result?.then === 'function') entry.ready = result.then(() => {}, fail);
    } catch (error) {
      fail(error);
    }
    leave();
    this.schedule();
    return Promise.resolve();
  }

  schedule() {
    this.finished ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.runSuite(this.root));
  }

  async runSuite(suite) {
    try {
      for (const hook of suite.hooks.before) await this.inTest(() => hook.run());
    } catch (error) {
      this.report.record(join(suite.name, '(before)'), ...this.report.describe(error));
      return;
    }
    for (let index = 0; index < suite.entries.length; index++) {
      const entry = suite.entries[index];
      await (entry.kind === 'suite' ? this.runNested(entry) : this.runTest(entry, suite));
    }
    try {
      for (const hook of suite.hooks.after) await this.inTest(() => hook.run());
    } catch (error) {
      this.report.record(join(suite.name, '(after)'), ...this.report.describe(error));
    }
  }

  async runNested(entry) {
    await entry.ready;
    if (entry.error !== undefined) this.report.record(entry.suite.name, ...this.report.describe(entry.error));
    else if (entry.options.skip) this.report.record(entry.suite.name, 'skipped', reason(entry.options.skip));
    else await this.runSuite(entry.suite);
  }

  async inTest(call) {
    this.running++;
    try {
      return await call();
    } finally {
      this.running--;
    }
  }

  async runTest(entry, suite, parent = null) {
    const name = join(suite.name, entry.name);
    const { skip, todo, timeout } = entry.options;
    const start = performance.now();
    const end = (status, message) => {
      this.report.record(name, status, message, performance.now() - start);
      entry.resolve?.();
      return status;
    };
    if (skip) return end('skipped', reason(skip));
    if (todo && !entry.hasRun) return end('skipped', 'todo');
    const context = this.context(name, entry, parent);
    const chain = lineage(suite);
    let failure;
    this.unexpected = null;
    try {
      await this.inTest(async () => {
        for (const each of chain) for (const hook of each.hooks.beforeEach) await hook.run(context);
        for (const hook of parent?.hooks.beforeEach ?? []) await hook.run(context);
        await limited(() => call(entry.run, context), timeout);
        for (const subtest of context.subtests) await subtest;
      });
    } catch (error) {
      failure = [error];
    }
    try {
      await this.inTest(async () => {
        for (const hook of [...context.hooks.after, ...(parent?.hooks.afterEach ?? [])]) await hook.run(context);
        for (const each of chain.toReversed?.() ?? [...chain].reverse())
          for (const hook of each.hooks.afterEach) await hook.run(context);
      });
    } catch (error) {
      failure ??= [error];
    }
    failure ??= this.unexpected;
    if (failure?.[0] === SKIPPED || context.skipped !== null) return end('skipped', context.skipped ?? '');
    if (context.todoText !== null || todo) return end(failure ? 'skipped' : 'passed', failure ? 'todo' : '');
    if (failure) return end(...this.report.describe(failure[0]));
    if (context.failed > 0) return end('failed', `${context.failed} of its subtests did not pass`);
    return end('passed');
  }

  /** What a test gets as its argument. */
  context(name, entry, parent) {
    const context = {
      name: entry.name,
      fullName: name,
      hooks: hooks(),
      subtests: [],
      failed: 0,
      skipped: null,
      todoText: null,
      assert,
      mock: makeMocks(),
      signal: new AbortController().signal,
      diagnostic: () => {},
      plan: () => {},
      runOnly: () => {},
      skip: (text = '') => void (context.skipped = `${text}`),
      todo: (text = '') => void (context.todoText = `${text}`),
    };
    for (const kind of ['before', 'after', 'beforeEach', 'afterEach']) {
      context[kind] = (run) => (kind === 'before' ? run(context) : void context.hooks[kind].push({ run }));
    }
    let last = Promise.resolve();
    const test =
      (fixed) =>
      (...args) => {
        const sub = parse(args);
        sub.options = { ...sub.options, ...fixed };
        last = last.then(async () => {
          const status = await this.runTest(sub, { name, hooks: hooks(), outer: null }, context);
          if (status === 'failed' || status === 'error') context.failed++;
        });
        context.subtests.push(last);
        return last;
      };
    context.test = Object.assign(test({}), { skip: test({ skip: true }), todo: test({ todo: true }) });
    return context;
  }
}

const hooks = () => ({ before: [], after: [], beforeEach: [], afterEach: [] });
const suite = (name, outer) => ({ name, outer, entries: [], hooks: hooks() });
const join = (outer, name) => (outer ? `${outer} > ${name}` : name);
const reason = (value) => (typeof value === 'string' ? value : '');

function lineage(suite) {
  const found = [];
  for (let at = suite; at; at = at.outer) found.unshift(at);
  return found;
}

function parse(args) {
  const run = args.find((arg) => typeof arg === 'function');
  const options = args.find((arg) => arg !== null && typeof arg === 'object') ?? {};
  return {
    name: args.find((arg) => typeof arg === 'string') ?? (run?.name || '<anonymous>'),
    options,
    run: run ?? (() => {}),
    hasRun: run !== undefined,
  };
}

function call(run, context) {
  if (run.length < 2) return run(context);
  return new Promise((resolve, reject) => run(context, (error) => (error ? reject(error) : resolve())));
}

function limited(call, timeout) {
  if (typeof timeout !== 'number' || !Number.isFinite(timeout)) return call();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`test timed out after ${timeout}ms`)), timeout);
    Promise.resolve(call())
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** The part of node:test's `mock` that notes calls and puts methods back. */
function makeMocks() {
  const undo = [];
  const fn = (original = () => undefined, implementation = original) => {
    const calls = [];
    let run = implementation;
    const mocked = function (...args) {
      const call = { arguments: args, this: this, result: undefined, error: undefined, target: new.target };
      calls.push(call);
      try {
        return (call.result = run.apply(this, args));
      } catch (error) {
        call.error = error;
        throw error;
      }
    };
    mocked.mock = {
      calls,
      callCount: () => calls.length,
      resetCalls: () => void calls.splice(0),
      mockImplementation: (next) => void (run = next),
      restore: () => void (run = original),
    };
    return mocked;
  };
  const method = (object, name, implementation) => {
    const original = object[name];
    object[name] = fn(original, implementation ?? original);
    undo.push(() => (object[name] = original));
    return object[name];
  };
  const restoreAll = () => undo.splice(0).forEach((each) => each());
  return { fn, method, restoreAll, reset: restoreAll };
}

module.exports = { Runner };
