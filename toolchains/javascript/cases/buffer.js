const b = Buffer.from('héllo wörld 😀');
console.log(b, b.length, b.toString(), b.toString('base64'), b.toString('hex'), b.toString('base64url'), b.toString('latin1').length);
console.log(Buffer.from('aGk', 'base64').toString(), Buffer.from('_-8', 'base64url'), Buffer.from('abxz', 'hex'), Buffer.from('ÿ', 'latin1'), Buffer.from('hi', 'utf16le'));
console.log(Buffer.concat([Buffer.from('a'), Buffer.alloc(2, 'z')]).toString(), Buffer.alloc(3), Buffer.allocUnsafe(2).length, Buffer.from([256, -1, 1.9]));
console.log(b.slice(0, 2).equals(b.subarray(0, 2)), b.indexOf('wör'), b.includes('zzz'), Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.byteLength('ü'), Buffer.isBuffer(b));
const n = Buffer.alloc(16);
n.writeUInt32BE(0xdeadbeef, 0);
n.writeInt16LE(-2, 4);
n.writeDoubleBE(1.5, 8);
console.log(n.readUInt32BE(0).toString(16), n.readInt16LE(4), n.readDoubleBE(8), n.readUInt8(0), n.readBigUInt64LE(8), n.readUint16BE(0));
console.log(JSON.stringify(Buffer.from('x')), [...Buffer.from('ab').entries()], Buffer.from('abc').fill('x', 1).toString(), Buffer.from('abc').reverse().toString());
console.log(Buffer.from(new Uint8Array([1, 2]).buffer), Buffer.from(Buffer.from('copy')).toString(), Buffer.from({ length: 2, 0: 5, 1: 6 }));
for (const bad of [() => Buffer.from(5), () => Buffer.alloc(-1), () => Buffer.alloc('5'), () => n.readUInt32BE(14), () => n.writeUInt8(300), () => Buffer.from('x', 'nope'), () => b.toString('nope')]) {
  try {
    console.log(bad());
  } catch (error) {
    console.log(error.name, error.code);
  }
}
console.log(Buffer.from([0xff, 0xe2, 0x82, 0x41, 0xf0, 0x9f]).toString(), Buffer.from('\ud800x').toString('hex'));
console.log(atob('aGk='), btoa('hi'), new TextDecoder().decode(new TextEncoder().encode('ü€😀')), new TextDecoder('utf-16le').decode(new Uint8Array([104, 0, 105, 0])), new TextDecoder('latin1').decode(new Uint8Array([0xe9])));
const stream = new TextDecoder();
console.log(stream.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + stream.decode(new Uint8Array([0xac])), new TextEncoder().encodeInto('a€', new Uint8Array(3)));
try {
  new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]));
} catch (error) {
  console.log(error.name, error.code);
}
console.log(new Blob(['abc', new Uint8Array([100])]).size, Buffer.from('test').swap16().toString(), Buffer.poolSize > 0, b.buffer instanceof ArrayBuffer);
const { StringDecoder } = require('string_decoder');
const decoder = new StringDecoder('utf8');
console.log(decoder.write(Buffer.from([0xe2, 0x82])) + '|' + decoder.write(Buffer.from([0xac])) + '|' + decoder.end());
