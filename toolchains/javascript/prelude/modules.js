// Modules of the program: CommonJS, ES modules, JSON, and the bridges between them.

import native from './native.js';
import path from 'path-browserify';
import { parse as lexCommonJS } from 'cjs-module-lexer';
import { builtins } from './builtins.js';
import { checkString, codedError, invalidArgValue } from './node-errors.js';
import { packageOf, readText, resolveImport, resolveRequire } from './resolve.js';
import { fileAddress, fileURLToPath } from './url.js';

/** Bound to a builtin of this name, with or without `node:`; null if there is none. */
function builtinName(specifier) {
  const name = specifier.startsWith('node:') ? specifier.slice(5) : specifier;
  return Object.hasOwn(builtins, name) && (specifier.startsWith('node:') || !PREFIX_ONLY.has(name)) ? name : null;
}
const PREFIX_ONLY = new Set(['test', 'sqlite', 'sea']);

// ---------------------------------------------------------------------------------------------- CommonJS

const PARAMETERS = 'exports, require, module, __filename, __dirname';

/** The wrapper ends its line, so that the program's own first line is line 1. A comment may end the program. */
function compileCommonJS(source, file) {
  return native.evaluate(`(function (${PARAMETERS}) {\n${source}\n})`, file, 0);
}

/** Drops what may stand before the program: a byte order mark, a #! line. Lines keep their numbers. */
function withoutPreamble(source) {
  const text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
  return text.startsWith('#!') ? `//${text}` : text;
}

export function Module(id = '', parent = undefined) {
  this.id = id;
  this.path = path.dirname(id);
  this.exports = {};
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.paths = [];
  Object.defineProperty(this, 'parent', { value: parent, writable: true, configurable: true, enumerable: false });
  parent?.children.push(this);
}

const cache = (Module._cache = Object.create(null));
let mainModule;

Module._extensions = Object.assign(Object.create(null), {
  '.js': (module, file) => module._compile(readSource(file), file),
  '.json': (module, file) => {
    module.exports = parseJson(readSource(file), file);
  },
  '.node': (module, file) => {
    throw codedError(Error, 'ERR_DLOPEN_FAILED', `Native addons are not available in the sandbox: ${file}`);
  },
});
Module._nodeModulePaths = (folder) => {
  const paths = [];
  for (let at = folder; ; at = path.dirname(at)) {
    if (path.basename(at) !== 'node_modules') paths.push(path.join(at, 'node_modules'));
    if (at === '/') return paths;
  }
};
Module._pathCache = Object.create(null);
Module.globalPaths = [];

function readSource(file) {
  const text = readText(file);
  if (text === null) {
    const error = codedError(Error, 'ENOENT', `ENOENT: no such file or directory, open '${file}'`);
    throw error;
  }
  return text;
}

function parseJson(text, file) {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    error.message = `${file}: ${error.message}`;
    throw error;
  }
}

Module.prototype._compile = function (source, file) {
  runCommonJS(this, compileCommonJS(withoutPreamble(source), file));
};

Module.prototype.require = function (specifier) {
  checkRequest(specifier);
  return requireFrom(this, specifier);
};

Module.prototype.load = function (file) {
  this.filename = file;
  this.paths = Module._nodeModulePaths(path.dirname(file));
  const extension = path.extname(file);
  (Module._extensions[extension] ?? Module._extensions['.js'])(this, file);
  this.loaded = true;
};

function runCommonJS(module, compiled) {
  const file = module.filename;
  Reflect.apply(compiled, module.exports, [module.exports, makeRequire(module), module, file, path.dirname(file)]);
}

function checkRequest(specifier) {
  checkString(specifier, 'id');
  if (specifier === '') throw invalidArgValue('id', specifier, 'must be a non-empty string');
}

function cannotFind(specifier, module) {
  const stack = [];
  for (let at = module; at; at = at.parent) stack.push(at.filename ?? at.id);
  const error = new Error(
    `Cannot find module '${specifier}'${stack.length ? `\nRequire stack:\n- ${stack.join('\n- ')}` : ''}`,
  );
  error.code = 'MODULE_NOT_FOUND';
  error.requireStack = stack;
  return error;
}

function resolveFrom(module, specifier) {
  const folder = module.filename ? path.dirname(module.filename) : process.cwd();
  const found = resolveRequire(specifier, folder);
  if (!found || native.kindOf(found) !== 1) throw cannotFind(specifier, module);
  return found;
}

function requireFrom(module, specifier) {
  const name = builtinName(specifier);
  if (name !== null) return builtins[name];
  if (specifier.startsWith('node:')) {
    throw codedError(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${specifier}`);
  }
  return loadFile(resolveFrom(module, specifier), module);
}

/** The exports of a file for require(), running it if this is the first time. */
function loadFile(file, parent) {
  const known = cache[file];
  if (known) {
    if (parent && !parent.children.includes(known)) parent.children.push(known);
    return known.exports;
  }
  const extension = path.extname(file);
  const module = new Module(file, parent);
  if (
    extension === '.json' ||
    extension === '.node' ||
    Module._extensions[extension] !== builtinExtensions[extension]
  ) {
    return runNew(module, () => module.load(file));
  }
  const source = withoutPreamble(readSource(file));
  const compiled = compile(source, file);
  if (!compiled) return requireModule(module, file);
  return runNew(module, () => {
    module.filename = file;
    module.paths = Module._nodeModulePaths(path.dirname(file));
    runCommonJS(module, compiled);
    module.loaded = true;
  });
}
const builtinExtensions = { ...Module._extensions };

function runNew(module, load) {
  cache[module.id] = module;
  try {
    load();
  } catch (error) {
    delete cache[module.id];
    throw error;
  }
  return module.exports;
}

/** require() of an ES module: its namespace, if it does not have to wait for anything. */
function requireModule(module, file) {
  const [promise, namespace] = native.runModule(file);
  const [state, result] = native.promiseState(promise);
  if (state === 2) {
    promise.catch(() => {});
    throw result;
  }
  if (state === 0) {
    throw codedError(
      Error,
      'ERR_REQUIRE_ASYNC_MODULE',
      'require() cannot be used on an ESM graph with top-level await. Use import() instead. To see where the top-level await comes from, use --experimental-print-required-tla.',
    );
  }
  module.filename = file;
  module.exports = Object.hasOwn(namespace, 'module.exports') ? namespace['module.exports'] : namespace;
  module.loaded = true;
  cache[file] = module;
  return module.exports;
}

function makeRequire(module) {
  function require(specifier) {
    return module.require(specifier);
  }
  require.resolve = function resolve(specifier, options) {
    checkString(specifier, 'request');
    if (builtinName(specifier) !== null) return specifier;
    for (const folder of options?.paths ?? []) {
      const found = resolveRequire(specifier, path.resolve(folder));
      if (found) return found;
    }
    return resolveFrom(module, specifier);
  };
  require.resolve.paths = (specifier) =>
    builtinName(specifier) !== null ? null : Module._nodeModulePaths(path.dirname(module.filename));
  require.main = mainModule;
  require.extensions = Module._extensions;
  require.cache = cache;
  return require;
}

Module.createRequire = function createRequire(location) {
  const file =
    location instanceof URL || (typeof location === 'string' && location.startsWith('file:'))
      ? fileURLToPath(location)
      : location;
  if (typeof file !== 'string' || !path.isAbsolute(file)) {
    throw invalidArgValue('filename', location, 'must be a file URL object, file URL string, or absolute path string');
  }
  const module = new Module(file);
  module.filename = file;
  return makeRequire(module);
};
Module._load = (specifier, parent) => requireFrom(parent ?? mainModule, specifier);
Module._resolveFilename = (specifier, parent) =>
  builtinName(specifier) !== null ? specifier : resolveFrom(parent ?? mainModule, specifier);
Module.wrap = (source) => `(function (${PARAMETERS}) { ${source}\n});`;
Module.isBuiltin = (specifier) => builtinName(`${specifier}`) !== null;
Module.syncBuiltinESMExports = () => {};
Module.findSourceMap = () => undefined;
Module.register = () => {};
Module.Module = Module;

// ------------------------------------------------------------------------------------ what kind of module

/** Where in its file an error of the compiler is, as one number that grows with the position. */
function errorPosition(error) {
  const found = /:(\d+):(\d+)$/m.exec(String(error.stack));
  return found ? Number(found[1]) * 1e6 + Number(found[2]) : 0;
}

/** To the engine `await` outside of an async function is a name, which the next word then does not fit. */
function explainAwait(error, source) {
  const found = /:(\d+):(\d+)$/m.exec(String(error.stack));
  const before = found && source.split('\n')[found[1] - 1]?.slice(0, found[2] - 1);
  if (before && /\bawait\s+$/.test(before)) {
    const { message } = error;
    error.message = 'await is only valid in async functions and the top level bodies of modules';
    error.stack = error.stack.replace(message, error.message);
  }
  return error;
}

/**
 * Compiles a file as what it is, and gives the wrapper function of a CommonJS file; undefined for an ES module, which
 * the engine then knows by its name. As in Node, a source that does not say is CommonJS unless it only makes sense as
 * a module. A package.json with "type": "module" is not asked first: what is valid both ways then runs as CommonJS,
 * which seldom shows, and no program has to pay for looking.
 */
function compile(source, file) {
  if (file.endsWith('.mjs')) {
    native.compileModule(source, file);
    return undefined;
  }
  try {
    return compileCommonJS(source, file);
  } catch (error) {
    if (!(error instanceof SyntaxError) || file.endsWith('.cjs') || packageOf(file)?.[1].type === 'commonjs')
      throw error;
    try {
      native.compileModule(source, file);
    } catch (moduleError) {
      // Wrong either way: the reading that got further is the one that was meant.
      throw explainAwait(errorPosition(moduleError) > errorPosition(error) ? moduleError : error, source);
    }
    return undefined;
  }
}

// ------------------------------------------------------------------------------------------- ES modules

/** CommonJS files that were imported, compiled and not run yet. */
const waiting = new Map();

const JSON_PREFIX = 'json:';

function resolveHook(specifier, referrer, type) {
  const name = builtinName(specifier);
  if (name !== null) return `node:${name}`;
  if (specifier.startsWith('data:')) return specifier;
  const from = referrer.startsWith('/') ? referrer : path.join(process.cwd(), '[eval]');
  const file = resolveImport(specifier, from);
  if (type === 'json') return JSON_PREFIX + file;
  if (type !== undefined) {
    throw codedError(
      TypeError,
      'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
      `Import attribute "type" with value "${type}" is not supported`,
    );
  }
  if (file.endsWith('.json')) {
    throw codedError(
      TypeError,
      'ERR_IMPORT_ATTRIBUTE_MISSING',
      `Module "${fileAddress(file)}" needs an import attribute of "type: json"`,
    );
  }
  return file;
}

/**
 * The engine wants a module: the source of an ES module, true if that is compiled by now, or the names that a module
 * of ours will export.
 */
function loadHook(name) {
  if (name.startsWith('node:')) return Object.keys(builtinNamespace(name.slice(5)));
  if (name.startsWith(JSON_PREFIX)) return ['default'];
  if (name.startsWith('data:')) return dataSource(name);
  if (cache[name]) return Object.keys(commonJSNamespace(cache[name].exports));
  const source = withoutPreamble(readSource(name));
  const compiled = compile(source, name);
  if (!compiled) return true;
  waiting.set(name, compiled);
  return [...exportNames(source, name), 'default', 'module.exports'].filter(
    (each, index, all) => all.indexOf(each) === index,
  );
}

function dataSource(address) {
  const found = /^data:([^,]*?)(;base64)?,(.*)$/s.exec(address);
  if (!found || !/javascript|^$/.test(found[1])) {
    throw codedError(TypeError, 'ERR_UNKNOWN_MODULE_FORMAT', `Unknown module format: ${found?.[1]} for URL ${address}`);
  }
  return found[2] ? atob(found[3]) : decodeURIComponent(found[3]);
}

/** The names that a CommonJS file seems to export, found without running it, as Node does. */
function exportNames(source, file, seen = new Set([file])) {
  let found;
  try {
    found = lexCommonJS(source, file);
  } catch {
    return [];
  }
  const names = new Set(found.exports);
  for (const specifier of found.reexports) {
    if (builtinName(specifier) !== null) {
      for (const name of Object.keys(builtins[builtinName(specifier)])) names.add(name);
      continue;
    }
    let target;
    try {
      target = resolveRequire(specifier, path.dirname(file));
    } catch {
      target = null;
    }
    if (!target || seen.has(target) || !/\.c?js$/.test(target)) continue;
    seen.add(target);
    for (const name of exportNames(readSource(target), target, seen)) names.add(name);
  }
  names.delete('default');
  return [...names];
}

/** The engine wants the values of a module of ours. */
function exportsHook(name) {
  if (name.startsWith('node:')) return builtinNamespace(name.slice(5));
  if (name.startsWith(JSON_PREFIX)) {
    const file = name.slice(JSON_PREFIX.length);
    return { default: parseJson(readSource(file), file) };
  }
  if (!cache[name]) {
    const module = new Module(name);
    const compiled = waiting.get(name);
    waiting.delete(name);
    runNew(module, () => {
      module.filename = name;
      module.paths = Module._nodeModulePaths(path.dirname(name));
      runCommonJS(module, compiled);
      module.loaded = true;
    });
  }
  return commonJSNamespace(cache[name].exports, name);
}

function commonJSNamespace(exports) {
  const namespace = { 'default': exports, 'module.exports': exports };
  if (exports !== null && (typeof exports === 'object' || typeof exports === 'function')) {
    for (const name of Object.keys(exports)) {
      if (name !== 'default') namespace[name] = exports[name];
    }
  }
  return namespace;
}

const namespaces = new Map();

function builtinNamespace(name) {
  let namespace = namespaces.get(name);
  if (namespace) return namespace;
  const module = builtins[name];
  namespace = { default: module };
  const skipped =
    typeof module === 'function' ? new Set(['length', 'name', 'prototype', 'arguments', 'caller']) : new Set();
  for (const key of typeof module === 'function' ? Object.getOwnPropertyNames(module) : Object.keys(module)) {
    if (key !== 'default' && !skipped.has(key)) namespace[key] = module[key];
  }
  if (name === 'process') {
    for (const key of ['on', 'once', 'off', 'emit', 'addListener', 'removeListener'])
      namespace[key] = module[key].bind(module);
  }
  namespaces.set(name, namespace);
  return namespace;
}

function metaHook(meta, name) {
  if (!name.startsWith('/')) {
    meta.url = name;
    return;
  }
  meta.dirname = path.dirname(name);
  meta.filename = name;
  meta.resolve = (specifier) => {
    const resolved = resolveHook(`${specifier}`, name, specifier.endsWith('.json') ? 'json' : undefined);
    return resolved.startsWith('/')
      ? fileAddress(resolved)
      : resolved.startsWith(JSON_PREFIX)
        ? fileAddress(resolved.slice(5))
        : resolved;
  };
  meta.url = fileAddress(name);
}

export const moduleHooks = { resolveHook, loadHook, exportsHook, metaHook };

// -------------------------------------------------------------------------------------- the main program

/** Runs the main file. Gives a promise if it is an ES module. */
export function runMain(file, text) {
  const source = withoutPreamble(text);
  mainModule = new Module(file);
  mainModule.id = '.';
  mainModule.filename = file;
  const compiled = compile(source, file);
  if (!compiled) return native.runModule(file)[0];
  process.mainModule = mainModule;
  cache[file] = mainModule;
  runCommonJS(mainModule, compiled);
  mainModule.loaded = true;
  return undefined;
}
