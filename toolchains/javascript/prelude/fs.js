// The fs module: the synchronous functions, the same with callbacks and promises, and streams. There is nothing to
// wait for on the host's side, so an asynchronous call does its work when its turn of the event loop comes.

import * as sync from './fs-sync.js';
import { constants, Dirent, optionsOf, pathText, Stats } from './fs-common.js';
import { checkFunction } from './node-errors.js';
import { EventEmitter } from './events.js';
import { setImmediate } from './timers.js';
import { Readable, Writable } from './stream.js';
import { makePromises } from './fs-promises.js';

/** Turns `nameSync` into the form with a callback. */
function withCallback(name, run) {
  const asynchronous = function (...args) {
    const callback = args.pop();
    checkFunction(callback, 'cb');
    let result;
    let failure = null;
    try {
      result = run(...args);
    } catch (error) {
      // A wrong argument is the caller's mistake and thrown at once; a failed system call is news for the callback.
      if (error.syscall === undefined && error.code !== 'ERR_FS_EISDIR') throw error;
      failure = error;
    }
    setImmediate(() => {
      if (failure) callback(failure);
      else if (result === undefined) callback(null);
      else callback(null, result);
    });
  };
  Object.defineProperty(asynchronous, 'name', { value: name });
  return asynchronous;
}

const fs = { ...sync };
for (const [syncName, run] of Object.entries(sync)) {
  const name = syncName.slice(0, -4);
  if (syncName.endsWith('Sync')) fs[name] = withCallback(name, run);
}

fs.exists = function exists(path, callback) {
  checkFunction(callback, 'cb');
  const found = sync.existsSync(path);
  setImmediate(() => callback(found));
};

/** read(fd, buffer, offset, length, position, callback), with all but the first and the last optional. */
fs.read = function read(fd, ...rest) {
  const callback = rest.pop();
  checkFunction(callback, 'cb');
  let [buffer, ...where] = rest;
  if (!ArrayBuffer.isView(buffer)) {
    where = [buffer];
    buffer = buffer?.buffer ?? Buffer.alloc(16384);
  }
  withCallback('read', sync.readSync)(fd, buffer, ...where, (error, bytesRead = 0) =>
    callback(error, bytesRead, buffer),
  );
};

fs.write = function write(fd, data, ...rest) {
  const callback = rest.pop();
  withCallback('write', sync.writeSync)(fd, data, ...rest, (error, written = 0) => callback(error, written, data));
};
fs.realpath.native = fs.realpath;

/** What both kinds of file streams do: open first, close in the end. */
function openLater(stream, path, flags, done) {
  fs.open(path, flags, (error, fd) => {
    if (!error) {
      stream.fd = fd;
      stream.emit('open', fd);
      stream.emit('ready');
    }
    done(error);
  });
}

function closeLater(stream, error, done) {
  if (stream.fd === null || !stream.autoClose) {
    done(error);
    return;
  }
  const { fd } = stream;
  stream.fd = null;
  fs.close(fd, (closeError) => done(error ?? closeError));
}

class ReadStream extends Readable {
  constructor(path, options) {
    const settings = optionsOf(options);
    super({
      highWaterMark: settings.highWaterMark ?? 64 * 1024,
      emitClose: settings.emitClose ?? true,
      encoding: settings.encoding,
      signal: settings.signal,
      objectMode: false,
    });
    this.path = settings.fd === undefined ? pathText(path) : path;
    this.flags = settings.flags ?? 'r';
    this.fd = settings.fd?.fd ?? settings.fd ?? null;
    this.start = settings.start;
    this.end = settings.end ?? Infinity;
    this.pos = settings.start;
    this.bytesRead = 0;
    this.autoClose = settings.autoClose ?? true;
  }

  get pending() {
    return this.fd === null;
  }

  _construct(done) {
    if (this.fd !== null) done();
    else openLater(this, this.path, this.flags, done);
  }

  _read(size) {
    const left = this.pos === undefined ? this.end - this.bytesRead + 1 : this.end - this.pos + 1;
    const most = Math.min(size, left);
    if (most <= 0) {
      this.push(null);
      return;
    }
    const buffer = Buffer.allocUnsafe(most);
    fs.read(this.fd, buffer, 0, most, this.pos ?? null, (error, got) => {
      if (error) {
        this.destroy(error);
        return;
      }
      this.bytesRead += got;
      if (this.pos !== undefined) this.pos += got;
      this.push(got > 0 ? buffer.subarray(0, got) : null);
    });
  }

  _destroy(error, done) {
    closeLater(this, error, done);
  }

  close(callback) {
    if (callback) this.once('close', callback);
    this.destroy();
  }
}

class WriteStream extends Writable {
  constructor(path, options) {
    const settings = optionsOf(options);
    super({
      highWaterMark: settings.highWaterMark ?? 16 * 1024,
      emitClose: settings.emitClose ?? true,
      defaultEncoding: settings.encoding ?? 'utf8',
      decodeStrings: true,
      signal: settings.signal,
    });
    this.path = settings.fd === undefined ? pathText(path) : path;
    this.flags = settings.flags ?? 'w';
    this.fd = settings.fd?.fd ?? settings.fd ?? null;
    this.pos = settings.start;
    this.bytesWritten = 0;
    this.autoClose = settings.autoClose ?? true;
  }

  get pending() {
    return this.fd === null;
  }

  _construct(done) {
    if (this.fd !== null) done();
    else openLater(this, this.path, this.flags, done);
  }

  _write(chunk, encoding, done) {
    fs.write(this.fd, chunk, 0, chunk.length, this.pos ?? null, (error, written) => {
      if (error) {
        done(error);
        return;
      }
      this.bytesWritten += written;
      if (this.pos !== undefined) this.pos += written;
      done();
    });
  }

  _writev(chunks, done) {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done);
  }

  _destroy(error, done) {
    closeLater(this, error, done);
  }

  close(callback) {
    if (callback) {
      if (this.closed) process.nextTick(callback);
      else this.once('close', callback);
    }
    if (this.writableFinished) this.destroy();
    else this.end();
  }
}
WriteStream.prototype.destroySoon = WriteStream.prototype.end;

/** Nothing in the sandbox changes a program's files but the program: a watcher never has anything to say. */
class FSWatcher extends EventEmitter {
  close() {
    process.nextTick(() => this.emit('close'));
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

Object.assign(fs, {
  constants,
  F_OK: constants.F_OK,
  R_OK: constants.R_OK,
  W_OK: constants.W_OK,
  X_OK: constants.X_OK,
  Stats,
  Dirent,
  ReadStream,
  WriteStream,
  FileReadStream: ReadStream,
  FileWriteStream: WriteStream,
  createReadStream(path, options) {
    // Standard input is read by the event loop, not by a blocking call.
    if (path === '/dev/stdin' || options?.fd === 0) return process.stdin;
    return new ReadStream(path, options);
  },
  createWriteStream: (path, options) => new WriteStream(path, options),
  watch: () => new FSWatcher(),
  watchFile: () => new FSWatcher(),
  unwatchFile() {},
  openAsBlob: async (path, options) => new Blob([sync.readFileSync(path)], options),
  _toUnixTimestamp: (time) => (time instanceof Date ? time.getTime() / 1000 : Number(time)),
});
fs.promises = makePromises(fs, sync);

export default fs;
