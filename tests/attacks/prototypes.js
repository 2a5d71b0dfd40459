// expect: success or error
// Everything that the environment is made of, replaced: only this program can be fooled by it.
for (const holder of [Object, Array, Function, String, Promise, Map, Uint8Array, Error, RegExp]) {
    for (const name of Object.getOwnPropertyNames(holder.prototype)) {
        try { holder.prototype[name] = () => { throw holder; }; } catch { }
    }
}
Object.prototype.then = (resolve) => resolve();
Object.prototype.toString = null;
globalThis.process.exit = globalThis.console.log = null;
