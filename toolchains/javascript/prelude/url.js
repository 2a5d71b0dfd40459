// URL and the url module. The classes come from core-js; the package `url` has the old interface.

import 'core-js/actual/url/index.js';
import 'core-js/actual/url-search-params/index.js';
import legacy from 'url/url.js';
import punycode from 'punycode/punycode.js';
import { checkString, codedError, invalidArgType } from './node-errors.js';
import { defineGlobal } from './globals.js';
import { inspect } from './inspect.js';

const { URL: BaseURL, URLSearchParams } = globalThis;
const custom = Symbol.for('nodejs.util.inspect.custom');

/** Node's error for what is no URL. */
function invalidUrl(input, base) {
  const error = codedError(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  error.input = `${input}`;
  if (base !== undefined) error.base = `${base}`;
  return error;
}

class URL extends BaseURL {
  constructor(input, base = undefined) {
    try {
      super(`${input}`, base === undefined ? undefined : `${base}`);
    } catch {
      throw invalidUrl(input, base);
    }
  }

  static canParse(input, base) {
    try {
      return !!new URL(input, base);
    } catch {
      return false;
    }
  }

  static parse(input, base) {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }

  static createObjectURL() {
    throw codedError(Error, 'ERR_NOT_AVAILABLE', 'URL.createObjectURL is not available in the sandbox');
  }

  static revokeObjectURL() {}

  [custom](depth, options) {
    if (depth < 0) return this.toString();
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } =
      this;
    return `${this.constructor.name} ${inspect(
      { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash },
      options,
    )}`;
  }
}
Object.defineProperty(URL.prototype, Symbol.toStringTag, { value: 'URL', configurable: true });

Object.defineProperty(URLSearchParams.prototype, custom, {
  configurable: true,
  value(depth, options) {
    if (depth < 0) return '[URLSearchParams]';
    const pairs = [...this].map(([key, value]) => `${inspect(key, options)} => ${inspect(value, options)}`);
    return pairs.length ? `URLSearchParams { ${pairs.join(', ')} }` : 'URLSearchParams {}';
  },
});

defineGlobal('URL', URL);
defineGlobal('URLSearchParams', URLSearchParams);

export function fileURLToPath(input) {
  const url = typeof input === 'string' ? new URL(input) : input;
  if (!(url instanceof BaseURL)) throw invalidArgType('path', ['string', 'URL'], input);
  if (url.protocol !== 'file:') throw codedError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (/%2f/i.test(url.pathname)) {
    throw codedError(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  }
  return decodeURIComponent(url.pathname);
}

/** The file: address of an absolute path, as text. Cheap: each ES module needs one. */
export function fileAddress(path) {
  if (/^[\w/.~@:+-]*$/.test(path)) return `file://${path}`;
  return `file://${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`;
}

export function pathToFileURL(path) {
  checkString(path, 'path');
  const absolute = process.resolvePath(process.cwd(), path);
  return new URL(fileAddress(path.endsWith('/') && absolute !== '/' ? `${absolute}/` : absolute));
}

function urlToHttpOptions(url) {
  const options = {
    __proto__: null,
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    hash: url.hash,
    search: url.search,
    pathname: url.pathname,
    path: `${url.pathname}${url.search}`,
    href: url.href,
  };
  if (url.port !== '') options.port = Number(url.port);
  if (url.username || url.password)
    options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return options;
}

export default {
  URL,
  URLSearchParams,
  Url: legacy.Url,
  parse: legacy.parse,
  resolve: legacy.resolve,
  resolveObject: legacy.resolveObject,
  format: (value, options) => {
    if (!(value instanceof BaseURL)) return legacy.format(value);
    const url = new URL(value.href);
    if (options?.fragment === false) url.hash = '';
    if (options?.search === false) url.search = '';
    if (options?.auth === false) {
      url.username = '';
      url.password = '';
    }
    return url.href;
  },
  fileURLToPath,
  pathToFileURL,
  urlToHttpOptions,
  domainToASCII: (domain) => punycode.toASCII(`${domain}`.toLowerCase()),
  domainToUnicode: (domain) => punycode.toUnicode(`${domain}`),
};
