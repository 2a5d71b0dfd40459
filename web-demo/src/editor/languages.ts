/** Highlighting by language, each loaded when it is first needed. */
import { type LanguageSupport, StreamLanguage } from '@codemirror/language'
import type { Extension } from '@codemirror/state'

type Load = () => Promise<LanguageSupport | Extension>

const legacy = (parser: Promise<Parameters<typeof StreamLanguage.define>[0]>) =>
  parser.then((mode) => StreamLanguage.define(mode))
const cpp: Load = async () => (await import('@codemirror/lang-cpp')).cpp()

const LOADERS: Record<string, Load> = {
  python: async () => (await import('@codemirror/lang-python')).python(),
  javascript: async () => (await import('@codemirror/lang-javascript')).javascript(),
  c: cpp,
  cpp,
  go: async () => (await import('@codemirror/lang-go')).go(),
  csharp: () => legacy(import('@codemirror/legacy-modes/mode/clike').then((modes) => modes.csharp)),
  bash: () => legacy(import('@codemirror/legacy-modes/mode/shell').then((modes) => modes.shell)),
}

const LANGUAGE_BY_ENDING: Record<string, string> = {
  py: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  json: 'javascript',
  c: 'c',
  h: 'cpp',
  cpp: 'cpp',
  cc: 'cpp',
  hpp: 'cpp',
  go: 'go',
  cs: 'csharp',
  sh: 'bash',
}

/** What highlights a file: by its ending, or else as the program's language. Nothing for a language that we don't know. */
export async function highlighting(fileName: string, language: string): Promise<Extension> {
  const ending = fileName.includes('.') ? (fileName.split('.').pop() as string) : ''
  const known = LANGUAGE_BY_ENDING[ending] ?? (ending === '' ? language : undefined)
  // `cpp17` is highlighted as `cpp`.
  const load = known === undefined ? undefined : (LOADERS[known] ?? LOADERS[known.replace(/\d+$/, '')])
  return load ? load() : []
}
