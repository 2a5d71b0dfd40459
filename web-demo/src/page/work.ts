/** What a person works on: files, input, arguments, limits, tests. All of it is in one signal, is kept in the browser, and fits into a link. */
import { computed, effect, signal } from '@preact/signals'
import type { LimitsFrame } from '../client/index.ts'

export interface SourceFile {
  /** Tells files apart while their names change. */
  key: string
  name: string
  text: string
}

export interface Case {
  key: string
  name: string
  input: string
  /** Null: nothing is expected of its output. */
  expected: string | null
  hidden: boolean
}

export const COMPARISONS = {
  lines: 'lines (default)',
  exact: 'every byte',
  tokens: 'words',
  tokens_ignore_case: 'words, any case',
  unordered_lines: 'lines in any order',
  float: 'numbers, nearly',
  checker: 'a checker program',
} as const
export type Comparison = keyof typeof COMPARISONS

export interface Work {
  language: string
  /** The first is the one that is started. */
  files: SourceFile[]
  /** `typed` while it runs, or `given` beforehand. */
  input: 'typed' | 'given'
  stdin: string
  /** One for each line. */
  args: string
  /** `NAME=value`, one for each line. */
  env: string
  limits: LimitsFrame
  deterministic: { on: boolean; seed: number; now: string }
  cases: Case[]
  compare: Comparison
  checker: { language: string; code: string }
  stopOnFailure: boolean
}

export type View = 'output' | 'tests' | 'frames'

let keys = 0
export const newKey = (): string => `k${++keys}-${Date.now().toString(36)}`

export const CHECKER = `import sys

text = open("output").read()
answer = open("answer").read()
if text.split() == answer.split():
    sys.exit(42)
print("the words differ")
sys.exit(43)
`

export function emptyWork(language = 'python'): Work {
  return {
    language,
    files: [{ key: newKey(), name: 'main.py', text: '' }],
    input: 'typed',
    stdin: '',
    args: '',
    env: '',
    limits: {},
    deterministic: { on: false, seed: 0, now: '' },
    cases: [],
    compare: 'lines',
    checker: { language: 'python', code: CHECKER },
    stopOnFailure: false,
  }
}

export const work = signal<Work>(emptyWork())
export const shownFile = signal('')
export const view = signal<View>('output')
/** What was here before a link or an example replaced it. */
export const replaced = signal<{ work: Work; by: string } | null>(null)

export const currentFile = computed(() => {
  const { files } = work.value
  return (files.find(({ key }) => key === shownFile.value) ?? files[0]) as SourceFile
})

export function change(fields: Partial<Work>): void {
  work.value = { ...work.value, ...fields }
}

export function changeFile(key: string, fields: Partial<SourceFile>): void {
  change({ files: work.value.files.map((file) => (file.key === key ? { ...file, ...fields } : file)) })
}

export function changeCase(key: string, fields: Partial<Case>): void {
  change({ cases: work.value.cases.map((test) => (test.key === key ? { ...test, ...fields } : test)) })
}

/** Puts other work in place of what is there. What a person wrote can be had back. */
export function replace(other: Work, by: string, isWorthKeeping: boolean): void {
  replaced.value = isWorthKeeping ? { work: work.value, by } : null
  work.value = other
  shownFile.value = other.files[0]?.key ?? ''
}

export function takeBack(): void {
  const before = replaced.value
  if (before === null) return
  replaced.value = null
  work.value = before.work
  shownFile.value = before.work.files[0]?.key ?? ''
}

/** `name`, or `name-2` and so on where it is taken. */
export function freeName(name: string, taken: Iterable<string>): string {
  const names = new Set(taken)
  if (!names.has(name)) return name
  const [, stem, ending] = name.match(/^(.*?)(\.[^.]*)?$/) as unknown as [string, string, string | undefined]
  for (let next = 2; ; next++) {
    const free = `${stem}-${next}${ending ?? ''}`
    if (!names.has(free)) return free
  }
}

const KEPT = 'runnel.work'
const KEPT_BEFORE = 'runnel.before'

/** Takes up what was kept in the browser; whether there was something. Storage may be denied, or hold what another version wrote. */
export function takeUp(): boolean {
  const before = stored(KEPT_BEFORE) as { work: unknown; by: unknown } | null
  if (before) replaced.value = { work: complete(before.work), by: String(before.by) }
  const kept = stored(KEPT)
  if (kept === null) return false
  work.value = complete(kept)
  return true
}

function stored(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null')
  } catch {
    return null
  }
}

/** Keeps the work up to date in the browser. */
export function keep(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const write = () => {
    clearTimeout(timer)
    timer = undefined
    try {
      localStorage.setItem(KEPT, JSON.stringify(work.peek()))
      localStorage.setItem(KEPT_BEFORE, JSON.stringify(replaced.peek()))
    } catch {
      // It is full or denied; nothing is lost as long as the page is open.
    }
  }
  effect(() => {
    void work.value
    void replaced.value
    timer ??= setTimeout(write, 300)
  })
  addEventListener('pagehide', write)
}

/** Work out of storage or a link, with everything that it lacks. */
export function complete(given: unknown): Work {
  const fields = (typeof given === 'object' && given !== null ? given : {}) as Partial<Work>
  const usual = emptyWork()
  const text = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise)
  const object = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
  const list = <Item>(value: unknown): Partial<Item>[] => (Array.isArray(value) ? value.map(object) : [])
  const files = list<SourceFile>(fields.files).map(({ name, text: content }) => ({
    key: newKey(),
    name: text(name) || 'file',
    text: text(content),
  }))
  const cases = list<Case>(fields.cases).map(({ name, input, expected, hidden }) => ({
    key: newKey(),
    name: text(name) || 'test',
    input: text(input),
    expected: typeof expected === 'string' ? expected : null,
    hidden: hidden === true,
  }))
  const { language, code } = object(fields.checker) as Partial<Work['checker']>
  const { on, seed, now } = object(fields.deterministic) as Partial<Work['deterministic']>
  return {
    language: text(fields.language, usual.language),
    files: files.length > 0 ? files : usual.files,
    input: fields.input === 'given' ? 'given' : 'typed',
    stdin: text(fields.stdin),
    args: text(fields.args),
    env: text(fields.env),
    limits: Object.fromEntries(Object.entries(object(fields.limits)).filter(([, value]) => typeof value === 'number')),
    deterministic: { on: on === true, seed: typeof seed === 'number' ? seed : 0, now: text(now) },
    cases,
    compare: fields.compare !== undefined && fields.compare in COMPARISONS ? fields.compare : 'lines',
    checker: { language: text(language, usual.checker.language), code: text(code, usual.checker.code) },
    stopOnFailure: fields.stopOnFailure === true,
  }
}
