// util.inspect and util.format. The package is Node's own code made to run without Node; what it cannot know about a
// value without an engine's help, it gets from here. bundle.mjs puts these functions into it.

import native from './native.js';
import inspectPackage from 'node-inspect-extracted';

export const { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth } = inspectPackage;
