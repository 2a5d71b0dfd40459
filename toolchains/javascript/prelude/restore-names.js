// The bundler renames functions whose names occur twice in the bundle, such as `Buffer2` or `_URL`. Programs can see names, in
// inspect's output above all, so everything that they can reach gets its own again.

import { builtins } from './builtins.js';

function restore(holder, seen) {
  if (holder === null || (typeof holder !== 'object' && typeof holder !== 'function') || seen.has(holder)) return;
  seen.add(holder);
  for (const key of Reflect.ownKeys(holder)) {
    const { value } = Object.getOwnPropertyDescriptor(holder, key);
    if (typeof value !== 'function') continue;
    const name = typeof key === 'string' && Object.getOwnPropertyDescriptor(value, 'name');
    if (
      name &&
      name.configurable &&
      typeof name.value === 'string' &&
      name.value !== key &&
      name.value.replace(/^_|\d+$/g, '') === key
    ) {
      Object.defineProperty(value, 'name', { value: key, configurable: true });
    }
    if (value.prototype) restore(value.prototype, seen);
  }
}

export function restoreNames() {
  const seen = new Set([Object.prototype, Function.prototype]);
  restore(globalThis, seen);
  for (const module of Object.values(builtins)) restore(module, seen);
}
