// Which file a module name means: Node's resolution for require() and for import, which differ.

import native from './native.js';
import path from 'path-browserify';
import { codedError } from './node-errors.js';
import { fileAddress, fileURLToPath } from './url.js';

const FILE = 1;
const DIRECTORY = 2;
const EXTENSIONS = ['.js', '.json', '.node'];

/** package.json files read so far, by folder; null where there is none. */
const packages = new Map();

/** The content of a text file, or null. */
export function readText(file) {
  const fd = native.open(file, 0);
  if (fd < 0) return null;
  const data = native.readAll(fd);
  native.close(fd);
  return typeof data === 'number' ? null : native.decodeUtf8(data, false);
}

function readPackage(folder) {
  const known = packages.get(folder);
  if (known !== undefined) return known;
  const file = path.join(folder, 'package.json');
  const text = readText(file);
  let content = null;
  if (text !== null) {
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw codedError(Error, 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${file}.\n${error.message}`);
    }
  }
  packages.set(folder, content);
  return content;
}

/** The package that a file belongs to: [folder, content of package.json], or null. */
export function packageOf(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (path.basename(folder) !== 'node_modules') {
      const content = readPackage(folder);
      if (content) return [folder, content];
    }
    if (folder === '/') return null;
  }
}

function asFile(candidate) {
  if (native.kindOf(candidate) === FILE) return candidate;
  for (const extension of EXTENSIONS) {
    if (native.kindOf(candidate + extension) === FILE) return candidate + extension;
  }
  // Not Node's, but ES modules without package.json are often given by their bare name.
  for (const extension of ['.cjs', '.mjs']) {
    if (native.kindOf(candidate + extension) === FILE) return candidate + extension;
  }
  return null;
}

function asDirectory(candidate) {
  if (native.kindOf(candidate) !== DIRECTORY) return null;
  const main = readPackage(candidate)?.main;
  if (typeof main === 'string' && main !== '') {
    const target = path.join(candidate, main);
    const found = asFile(target) ?? asFile(path.join(target, 'index'));
    if (found) return found;
  }
  return asFile(path.join(candidate, 'index'));
}

function asFileOrDirectory(candidate) {
  return (candidate.endsWith('/') ? null : asFile(candidate)) ?? asDirectory(candidate.replace(/(.)\/$/, '$1'));
}

/** Splits `@scope/name/some/path` into the package's name and the path in it. */
function splitPackageName(specifier) {
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  return [name, `.${specifier.slice(name.length)}`];
}

/** What an "exports" or "imports" value leads to under the conditions: a path, null if forbidden, undefined if nothing. */
function chooseTarget(target, conditions, match) {
  if (typeof target === 'string') return match === undefined ? target : target.replaceAll('*', match);
  if (target === null) return null;
  if (Array.isArray(target)) {
    for (const each of target) {
      const chosen = chooseTarget(each, conditions, match);
      if (typeof chosen === 'string') return chosen;
    }
    return undefined;
  }
  if (typeof target === 'object') {
    for (const [condition, each] of Object.entries(target)) {
      if (condition !== 'default' && !conditions.includes(condition)) continue;
      const chosen = chooseTarget(each, conditions, match);
      if (chosen !== undefined) return chosen;
    }
  }
  return undefined;
}

function matchTable(table, key, conditions) {
  if (Object.hasOwn(table, key) && !key.includes('*')) return chooseTarget(table[key], conditions);
  let best;
  for (const pattern of Object.keys(table)) {
    const star = pattern.indexOf('*');
    if (star < 0) continue;
    const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
    if (!key.startsWith(before) || !key.endsWith(after) || key.length < before.length + after.length) continue;
    if (best === undefined || star > best.indexOf('*')) best = pattern;
  }
  if (best === undefined) return undefined;
  const star = best.indexOf('*');
  return chooseTarget(table[best], conditions, key.slice(star, key.length - (best.length - star - 1)));
}

function resolveExports(folder, content, subpath, conditions, referrer) {
  let table = content.exports;
  const isSingle =
    typeof table !== 'object' || Array.isArray(table) || !Object.keys(table).some((key) => key.startsWith('.'));
  if (isSingle) table = { '.': table };
  const target = matchTable(table, subpath, conditions);
  if (typeof target === 'string') return path.join(folder, target);
  const file = path.join(folder, 'package.json');
  throw codedError(
    Error,
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
    subpath === '.'
      ? `No "exports" main defined in ${file}${referrer ? ` imported from ${referrer}` : ''}`
      : `Package subpath '${subpath}' is not defined by "exports" in ${file}${referrer ? ` imported from ${referrer}` : ''}`,
  );
}

/** Looks for a package in the node_modules folders from the referrer's folder upwards. */
function resolvePackage(specifier, folder, conditions, find, referrer) {
  const [name, subpath] = splitPackageName(specifier);
  const self = packageOf(path.join(folder, 'x'));
  if (self && self[1].name === name && self[1].exports !== undefined) {
    return resolveExports(self[0], self[1], subpath, conditions, referrer);
  }
  for (let at = folder; ; at = path.dirname(at)) {
    if (path.basename(at) !== 'node_modules') {
      const candidate = path.join(at, 'node_modules', name);
      if (native.kindOf(candidate) === DIRECTORY) {
        const content = readPackage(candidate);
        if (content?.exports !== undefined && content.exports !== null) {
          return resolveExports(candidate, content, subpath, conditions, referrer);
        }
        const found = find(path.join(candidate, subpath));
        if (found) return found;
      } else {
        // A single file put into node_modules.
        const found = find(path.join(at, 'node_modules', specifier));
        if (found) return found;
      }
    }
    if (at === '/') return null;
  }
}

function resolveImports(specifier, folder, conditions, resolveOther) {
  const self = packageOf(path.join(folder, 'x'));
  const target = self?.[1].imports && matchTable(self[1].imports, specifier, conditions);
  if (typeof target !== 'string') {
    throw codedError(
      TypeError,
      'ERR_PACKAGE_IMPORT_NOT_DEFINED',
      `Package import specifier "${specifier}" is not defined${self ? ` in package ${path.join(self[0], 'package.json')}` : ''}`,
    );
  }
  return target.startsWith('./') ? path.join(self[0], target) : resolveOther(target);
}

const isPath = (specifier) => /^(\.{0,2}\/|\.{1,2}$)/.test(specifier);

/** The file that require() means, or null. */
export function resolveRequire(specifier, folder) {
  const conditions = ['node', 'require', 'module-sync'];
  if (specifier.startsWith('#'))
    return resolveImports(specifier, folder, conditions, (other) => resolveRequire(other, folder));
  if (specifier.startsWith('file:')) return asFileOrDirectory(fileURLToPath(specifier));
  if (isPath(specifier)) {
    const target = path.resolve(folder, specifier);
    return asFileOrDirectory(/(^|\/)\.{0,2}$/.test(specifier) && target !== '/' ? `${target}/` : target);
  }
  return resolvePackage(specifier, folder, conditions, asFileOrDirectory);
}

function moduleNotFound(what, referrer, target) {
  const error = codedError(
    Error,
    'ERR_MODULE_NOT_FOUND',
    `Cannot find ${what}${referrer ? ` imported from ${referrer}` : ''}`,
  );
  if (target) error.url = fileAddress(target);
  return error;
}

/** The file that import means; throws if there is none. Extensions are not guessed. */
export function resolveImport(specifier, referrer) {
  const folder = path.dirname(referrer);
  const conditions = ['node', 'import', 'module-sync'];
  if (specifier.startsWith('#'))
    return resolveImports(specifier, folder, conditions, (other) => resolveImport(other, referrer));
  if (specifier.startsWith('file:') || isPath(specifier)) {
    let target;
    try {
      target = specifier.startsWith('file:')
        ? fileURLToPath(specifier)
        : path.resolve(folder, decodeURIComponent(specifier.replace(/[?#].*$/, '')));
    } catch {
      target = path.resolve(folder, specifier);
    }
    const kind = native.kindOf(target);
    if (kind === FILE) return target;
    if (kind === DIRECTORY) {
      throw codedError(
        Error,
        'ERR_UNSUPPORTED_DIR_IMPORT',
        `Directory import '${target}' is not supported resolving ES modules imported from ${referrer}`,
      );
    }
    throw moduleNotFound(`module '${target}'`, referrer, target);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(specifier)?.[1];
  if (scheme === 'node') {
    throw codedError(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${specifier}`);
  }
  if (scheme) {
    throw codedError(
      Error,
      'ERR_UNSUPPORTED_ESM_URL_SCHEME',
      `Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol '${scheme}:'`,
    );
  }
  const exact = (candidate) => (native.kindOf(candidate) === FILE ? candidate : asDirectory(candidate));
  const found = resolvePackage(specifier, folder, conditions, exact, referrer);
  if (!found || native.kindOf(found) !== FILE) {
    throw found
      ? moduleNotFound(`module '${found}'`, referrer, found)
      : moduleNotFound(`package '${splitPackageName(specifier)[0]}'`, referrer);
  }
  return found;
}
