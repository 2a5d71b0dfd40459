// What is left of the process object once the modules it needs exist.

import path from 'path-browserify';
import process from './process-object.js';
import { builtins } from './builtins.js';

Object.defineProperty(process, 'resolvePath', { value: path.resolve, enumerable: false });
process.getBuiltinModule = (id) => builtins[`${id}`.replace(/^node:/, '')];

export default process;
