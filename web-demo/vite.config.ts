import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** What others embed has a name that stays; everything else has a hash of its content in its name. */
const STABLE = new Set(['runnel-client', 'runnel-snippet'])

export default defineConfig({
  // Relative, so that a proxy may put the page below any path.
  base: './',
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        index: file('index.html'),
        'runnel-client': file('src/client/index.ts'),
        'runnel-snippet': file('src/snippet/snippet.ts'),
      },
      preserveEntrySignatures: 'exports-only',
      output: {
        entryFileNames: (chunk) => (STABLE.has(chunk.name) ? '[name].js' : 'assets/[name]-[hash].js'),
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  // `npm run dev` beside `runnel serve`.
  server: { proxy: { '/v1': { target: process.env.RUNNEL_SERVER ?? 'http://127.0.0.1:8080', ws: true } } },
  test: { include: ['src/**/*.test.ts'] },
})
