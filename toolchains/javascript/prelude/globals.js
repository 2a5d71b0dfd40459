// The globals that the language leaves to its host, and those the engine lacks under WASI. First of all modules: the
// packages that the prelude bundles look for these while they load.

/** The names of the language itself, which a context of the vm module shares. */
export const languageGlobals = new Set(Object.getOwnPropertyNames(globalThis));

/** Adds a global as Node does: writable, but not listed. */
export function defineGlobal(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Puts a method in the place of one of the language's own. */
export function replaceMethod(object, name, value) {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

defineGlobal('global', globalThis);

// The engine has no threads here, hence neither of these. With one thread plain reads and writes are atomic.
if (typeof globalThis.SharedArrayBuffer === 'undefined') {
  defineGlobal(
    'SharedArrayBuffer',
    class SharedArrayBuffer extends ArrayBuffer {
      get [Symbol.toStringTag]() {
        return 'SharedArrayBuffer';
      }
    },
  );
}

if (typeof globalThis.Atomics === 'undefined') {
  const exchange = (change) => (array, index, value) => {
    const old = array[index];
    array[index] = change(old, value);
    return old;
  };
  const atomics = {
    load: (array, index) => array[index],
    store: (array, index, value) => {
      array[index] = value;
      return value;
    },
    add: exchange((a, b) => a + b),
    sub: exchange((a, b) => a - b),
    and: exchange((a, b) => a & b),
    or: exchange((a, b) => a | b),
    xor: exchange((a, b) => a ^ b),
    exchange: exchange((a, b) => b),
    compareExchange: (array, index, expected, value) => {
      const old = array[index];
      if (old === expected) array[index] = value;
      return old;
    },
    isLockFree: () => true,
    notify: () => 0,
  };
  for (const name of Object.keys(atomics)) {
    Object.defineProperty(atomics, name, { enumerable: false });
  }
  Object.defineProperty(atomics, Symbol.toStringTag, { value: 'Atomics', configurable: true });
  defineGlobal('Atomics', atomics);
}
