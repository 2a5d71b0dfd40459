// Holds the page to its promise: what a first visit loads, compressed, without the highlighting of languages, which comes when it is needed.
import { readdirSync, readFileSync } from 'node:fs'

const LIMIT_KB = 350
const dist = new URL('../dist/', import.meta.url)
const text = (name) => readFileSync(new URL(name, dist), 'utf8')
const sizes = new Map()

/** Counts a file and whatever it loads by itself. */
function visit(name) {
  if (sizes.has(name)) return
  sizes.set(name, readFileSync(new URL(`${name}.gz`, dist)).length)
  for (const [, found] of text(name).matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) visit(`assets/${found}`)
}

sizes.set('index.html', readFileSync(new URL('index.html.gz', dist)).length)
for (const [, name] of text('index.html').matchAll(/(?:src|href)="\.\/([^"]+)"/g)) visit(name)
// The terminal follows right after the first paint.
for (const name of readdirSync(new URL('assets/', dist)))
  if (/^screen-.*\.(js|css)$/.test(name)) visit(`assets/${name}`)

const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) / 1024
console.log(`weight: ${total.toFixed(0)} KB compressed in ${sizes.size} files, of at most ${LIMIT_KB} KB`)
if (total > LIMIT_KB) process.exit(1)
