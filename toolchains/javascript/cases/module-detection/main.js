import { value } from './also-module.js';
const { commented } = await import('./comment-only.js');
console.log(value, commented, typeof require, import.meta.filename.split('/').pop(), import.meta.dirname.length > 0);
const typed = await import('./typed/index.js');
console.log(typed.default, (await import('./typed/common.cjs')).default);
