import { a } from './cycle-a.mjs';
export function b() { return `b knows ${typeof a}`; }
