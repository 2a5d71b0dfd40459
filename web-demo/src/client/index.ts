/** The client of Runnel: one connection, many runs. No dependency; browsers and Node 20 or later. */
export { backOff } from './back-off.ts'
export { Client, type ClientOptions, type FrameNote, type State } from './client.ts'
export { type Job, LostError, RefusedError, Run, type RunEvent, type RunFrames, type RunOptions } from './run.ts'
export { bytesOf, fromBase64, textOf, toBase64 } from './text.ts'
export type * from './types.ts'
