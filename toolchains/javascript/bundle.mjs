// Bundles the prelude: prelude/main.js with all it imports -> one script.
//
// usage: node bundle.mjs OUTPUT_FILE

import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The names under which packages ask for modules that the prelude itself provides. */
const OWN_MODULES = {
  'events': here('./prelude/events.js'),
  'process/': here('./prelude/process-object.js'),
  'process': here('./prelude/process-object.js'),
  'abort-controller': here('./prelude/event-target.js'),
  // Only what the url package uses of it, which is the same.
  'qs': here('./prelude/querystring.js'),
  // The variant in plain JavaScript; the other one is WebAssembly.
  'cjs-module-lexer': here('./node_modules/cjs-module-lexer/lexer.js'),
  'string_decoder/': here('./node_modules/string_decoder/lib/string_decoder.js'),
};

/** Text in a package -> what stands there instead. Each must be found, or the build fails. */
const CHANGES = {
  'node-inspect-extracted/dist/inspect.js': [
    // The table of functions that look into values: ours go last, and win.
    [
      'getExternalValue:function(){return BigInt(0)}}',
      'getExternalValue:function(){return BigInt(0)},...globalThis[Symbol.for("inspect internals")]({kPending:c,kRejected:l})}',
    ],
  ],
};

const preludePlugin = {
  name: 'prelude',
  setup(builder) {
    builder.onResolve(
      { filter: /^(events|process\/?|abort-controller|string_decoder\/|qs|cjs-module-lexer)$/ },
      ({ path }) => ({ path: OWN_MODULES[path] }),
    );
    for (const [file, changes] of Object.entries(CHANGES)) {
      builder.onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [old, replacement] of changes) {
          if (contents.split(old).length !== 2) throw new Error(`${file} has changed: cannot find ${old}`);
          contents = contents.replace(old, () => replacement);
        }
        return { contents, loader: 'js' };
      });
    }
  },
};

await build({
  entryPoints: [here('./prelude/main.js')],
  outfile: process.argv[2],
  bundle: true,
  format: 'iife',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  // Names stay, for stacks and Function.prototype.name.
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'process.env.NODE_DEBUG': 'undefined', 'process.env.READABLE_STREAM': 'undefined' },
  plugins: [preludePlugin],
});
