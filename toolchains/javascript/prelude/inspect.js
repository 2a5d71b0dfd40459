// util.inspect and util.format. The package is Node's own code made to run without Node; what it cannot know about a
// value without an engine's help, it gets from inspect-internals.js, by a change that bundle.mjs makes.

import './inspect-internals.js';
import inspectPackage from 'node-inspect-extracted';

export const { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth } = inspectPackage;
