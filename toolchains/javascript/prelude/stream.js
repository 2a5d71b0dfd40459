// The stream module: the npm package is Node's own code.

import stream from 'readable-stream/lib/stream.js';
import promises from 'readable-stream/lib/stream/promises.js';
import { Buffer } from './buffer.js';

Object.defineProperty(stream, 'promises', { configurable: true, enumerable: true, get: () => promises });
stream.Stream = stream;
stream.getDefaultHighWaterMark = (objectMode) => (objectMode ? 16 : 64 * 1024);

/** The web streams' simplest use: reading a whole body. */
export const consumers = {
  async buffer(source) {
    const chunks = [];
    for await (const chunk of source) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    return Buffer.concat(chunks);
  },
  async arrayBuffer(source) {
    const bytes = await consumers.buffer(source);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  },
  async text(source) {
    return (await consumers.buffer(source)).toString();
  },
  async json(source) {
    return JSON.parse(await consumers.text(source));
  },
};

export const { Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished } = stream;
export { promises };
export default stream;
