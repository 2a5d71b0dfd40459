/** The work as a link, and links as work. Everything is behind the `#`, which no browser sends to a server. */
import { complete, emptyWork, type View, type Work } from './work.ts'

/** What a link may unpack to. */
const MOST_BYTES = 4 << 20

export interface Opened {
  work: Work
  view: View
  run: boolean
}

export async function link(work: Work, view: View, here: string): Promise<string> {
  const url = new URL(here)
  url.search = ''
  url.hash = `s=${await pack(JSON.stringify({ ...small(work), view }))}`
  return url.href
}

/** What the address of the page asks for, if anything. */
export async function opened(here: string): Promise<Opened | null> {
  const url = new URL(here)
  const run = url.searchParams.get('run') === '1'
  const packed = new URLSearchParams(url.hash.slice(1)).get('s')
  if (packed !== null) {
    const { view, ...fields } = JSON.parse(await unpack(packed)) as Partial<Work> & { view?: View }
    return { work: complete(fields), view: view ?? 'output', run }
  }
  const code = url.searchParams.get('code')
  const language = url.searchParams.get('lang')
  if (code === null && language === null) return null
  const work = emptyWork(language ?? 'python')
  return {
    work: { ...work, files: work.files.map((file) => ({ ...file, name: '', text: code ?? '' })) },
    view: 'output',
    run,
  }
}

/** Without what is as it is by itself, and without keys, which mean nothing elsewhere. */
function small(work: Work): Partial<Work> {
  const usual = emptyWork() as unknown as Record<string, unknown>
  const differs = Object.entries(work).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name]))
  return JSON.parse(JSON.stringify(Object.fromEntries(differs), (name, value) => (name === 'key' ? undefined : value)))
}

async function pack(text: string): Promise<string> {
  const bytes = await piped(new TextEncoder().encode(text), new CompressionStream('deflate-raw'))
  let packed = ''
  for (const byte of bytes) packed += String.fromCharCode(byte)
  return btoa(packed).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

async function unpack(packed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return new TextDecoder().decode(await piped(bytes, new DecompressionStream('deflate-raw')))
}

async function piped(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(through).getReader()
  const pieces: Uint8Array[] = []
  let size = 0
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value)
    size += piece.value.length
    if (size > MOST_BYTES) throw new Error('the link holds too much')
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
