// fs.promises and the FileHandle.

import { EventEmitter } from './events.js';
import { setImmediate } from './timers.js';
import { constants } from './fs-common.js';

/** Runs a synchronous function in a later turn of the event loop, where Node's thread pool would answer. */
function later(run) {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    });
  });
}

export function makePromises(fs, sync) {
  const asFile = (file) => (file instanceof FileHandle ? file.fd : file);

  class FileHandle extends EventEmitter {
    #fd;

    constructor(fd) {
      super();
      this.#fd = fd;
    }

    get fd() {
      return this.#fd;
    }

    appendFile(data, options) {
      return later(() => sync.writeFileSync(this.fd, data, options));
    }
    chmod() {
      return later(() => undefined);
    }
    chown() {
      return later(() => undefined);
    }
    datasync() {
      return later(() => undefined);
    }
    sync() {
      return later(() => undefined);
    }
    utimes() {
      return later(() => undefined);
    }
    readFile(options) {
      return later(() => sync.readFileSync(this.fd, options));
    }
    writeFile(data, options) {
      return later(() => sync.writeFileSync(this.fd, data, options));
    }
    stat(options) {
      return later(() => sync.fstatSync(this.fd, options));
    }
    truncate(length) {
      return later(() => sync.ftruncateSync(this.fd, length));
    }

    read(buffer, ...where) {
      let target = buffer;
      let place = where;
      if (!ArrayBuffer.isView(buffer)) {
        target = buffer?.buffer ?? Buffer.alloc(16384);
        place = [buffer ?? {}];
      }
      return later(() => ({ bytesRead: sync.readSync(this.fd, target, ...place), buffer: target }));
    }

    write(data, ...where) {
      return later(() => ({ bytesWritten: sync.writeSync(this.fd, data, ...where), buffer: data }));
    }

    readv(buffers, position) {
      return later(() => ({ bytesRead: sync.readvSync(this.fd, buffers, position), buffers }));
    }

    writev(buffers, position) {
      return later(() => ({ bytesWritten: sync.writevSync(this.fd, buffers, position), buffers }));
    }

    createReadStream(options) {
      return fs.createReadStream('', { ...options, fd: this.fd });
    }
    createWriteStream(options) {
      return fs.createWriteStream('', { ...options, fd: this.fd });
    }

    async *readLines(options) {
      const text = (await this.readFile({ encoding: 'utf8', ...options })).replace(/\r?\n$/, '');
      if (text !== '') yield* text.split(/\r?\n/);
    }

    close() {
      const fd = this.#fd;
      this.#fd = -1;
      return later(() => {
        if (fd >= 0) sync.closeSync(fd);
        this.emit('close');
      });
    }

    [Symbol.asyncDispose]() {
      return this.close();
    }
  }

  const promises = { constants };
  for (const [syncName, run] of Object.entries(sync)) {
    if (
      !syncName.endsWith('Sync') ||
      ['existsSync', 'openSync', 'closeSync', 'readSync', 'writeSync'].includes(syncName)
    )
      continue;
    const name = syncName.slice(0, -4);
    if (/^f(?!s)/.test(name) || name === 'readv' || name === 'writev') continue;
    promises[name] = function (file, ...args) {
      return later(() => run(asFile(file), ...args));
    };
    Object.defineProperty(promises[name], 'name', { value: name });
  }
  promises.open = (path, flags, mode) => later(() => new FileHandle(sync.openSync(path, flags, mode)));
  promises.writeFile = async function writeFile(file, data, options) {
    if (
      typeof data !== 'string' &&
      !ArrayBuffer.isView(data) &&
      (typeof data?.[Symbol.asyncIterator] === 'function' || typeof data?.[Symbol.iterator] === 'function')
    ) {
      const chunks = [];
      for await (const chunk of data) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      data = Buffer.concat(chunks);
    }
    return later(() => sync.writeFileSync(asFile(file), data, options));
  };
  promises.watch = async function* watch() {};
  return promises;
}
