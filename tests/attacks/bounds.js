// expect: success
// holds: done
// Reads and writes past the end of everything, with sizes that change on the way.
const view = new Uint8Array(16);
for (const index of [-1, 16, 2 ** 31, 2 ** 32 - 1, 2 ** 53, Infinity]) {
    view[index] = 1;
    if (view[index] !== undefined) console.log("WORKED", index);
    for (const way of ["getUint32", "getBigUint64", "getFloat64"]) {
        try { console.log("WORKED", new DataView(view.buffer)[way](index)); } catch { }
    }
}
for (const odd of [{ valueOf() { view.fill(0); return 1e9; } }, 1e9, -1e9, 2 ** 31]) {
    try { Buffer.from(view.buffer).copy(Buffer.alloc(4), odd, odd, odd); } catch { }
    try { view.subarray(odd, odd).set([1, 2, 3], odd); console.log(odd > 0 ? "WORKED" : ""); } catch { }
}
const list = [1, 2, 3];
list.sort(() => { list.length = 0; return 1; });
try { [].concat.apply([], new Array(1e6).fill([1])); } catch { }
try { new Array(3).reduceRight({ length: 2 ** 53 }); } catch { }
console.log("done");
