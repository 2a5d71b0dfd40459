// Puts a compressed twin beside each file that the server sends, so that it never compresses anything itself.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const folder = new URL('../dist/', import.meta.url).pathname
for (const name of readdirSync(folder, { recursive: true })) {
  if (/\.(html|js|css|svg)$/.test(name)) {
    writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }))
  }
}
