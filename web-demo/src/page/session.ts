/** What is going on with the server: the connection, the languages, the run under way and how the last one ended. */
import { batch, computed, effect, signal } from '@preact/signals'
import {
  bytesOf,
  Client,
  type CompareFrame,
  type FrameNote,
  type Job,
  type LanguagePart,
  LostError,
  RefusedError,
  type ResultFrame,
  type Run,
  type RunFrames,
  type State,
  type TestPart,
  textOf,
  type WelcomeFrame,
} from '../client/index.ts'
import { FrameLog } from './frame-log.ts'
import type { Screen } from './terminal/screen.ts'
import { type Case, view, type Work, work } from './work.ts'

export type Kind = 'program' | 'tests'

export interface Current {
  run: Run
  kind: Kind
  phase: 'sent' | 'queued' | 'preparing' | 'running'
  /** What is being prepared, or the place in the queue. */
  note: string
  progress?: number
  isWaiting: boolean
}

/** A run that has no result. */
export interface Fault {
  kind: 'refused' | 'lost'
  message: string
}

export const connection = signal<State>('connecting')
export const welcome = signal<WelcomeFrame | null>(null)
export const current = signal<Current | null>(null)
export const result = signal<ResultFrame | null>(null)
export const fault = signal<Fault | null>(null)
export const testResults = signal<Map<string, TestPart>>(new Map())
/** The terminal could not keep all that was written. */
export const isCut = signal(false)
export const frames = new FrameLog()

export const languages = computed(() => welcome.value?.languages ?? [])
export const language = computed(() => find(languages.value, work.value.language))
export const isRunning = computed(() => current.value !== null)
export const takesInput = computed(
  () => current.value?.kind === 'program' && current.value.run.frame.interactive === true,
)

export function find(all: LanguagePart[], name: string): LanguagePart | undefined {
  return all.find((one) => one.name === name || one.aliases.includes(name))
}

/** The run under way; `current` is what is shown of it. A quick run is over before anybody could see that it began. */
let live: Current | null = null
let showing: ReturnType<typeof setTimeout> | undefined
const SHOWN_AFTER_MS = 50

let client: Client | undefined
/** The terminal comes later than the page; what is written before is kept. */
let screen: Screen | undefined
let early: Array<(screen: Screen) => void> = []

/** How often languages are asked about that are being prepared, and that may come back. */
const PREPARING_MS = 2000
const UNAVAILABLE_MS = 30_000

export function connect(): void {
  client = new Client(new URL('./', location.href), {
    onState: (state) => {
      connection.value = state
    },
    onWelcome: (frame) => {
      welcome.value = frame
    },
    onFrame: (note: FrameNote) => frames.add(note),
  })
  effect(() => {
    const is = (wanted: string) => languages.value.some(({ state }) => state === wanted)
    if (!is('preparing') && !is('unavailable')) return
    const timer = setTimeout(() => client?.refresh(), is('preparing') ? PREPARING_MS : UNAVAILABLE_MS)
    return () => clearTimeout(timer)
  })
}

export const reconnect = (): void => client?.reconnect()

export function attachScreen(attached: Screen): void {
  screen = attached
  for (const write of early) write(attached)
  early = []
}

function onScreen(write: (screen: Screen) => void): void {
  if (screen) write(screen)
  else early.push(write)
}

/** Starts the program, or its tests; what runs already is ended first. */
export function start(kind: Kind): void {
  if (!client) return
  stop()
  const run = client.run(job(work.value, kind), { onFrame: (frame) => take(run, frame) })
  live = { run, kind, phase: 'sent', note: '', isWaiting: false }
  isAnswered = false
  clearTimeout(showing)
  showing = setTimeout(show, SHOWN_AFTER_MS)
  view.value = kind === 'tests' ? 'tests' : 'output'
  run.result.catch((reason: unknown) => failed(run, reason))
}

export function stop(): void {
  live?.run.cancel()
}

export function sendInput(text: string): void {
  if (live?.run.frame.interactive !== true) return
  live.run.stdin(text)
  become({ ...live, isWaiting: false })
}

export function endInput(): void {
  if (live?.run.frame.interactive === true) live.run.end()
}

function show(): void {
  batch(() => {
    current.value = live
    result.value = null
    fault.value = null
  })
}

function become(next: Current): void {
  live = next
  if (current.value !== null) current.value = next
}

/** Whether the run under way was heard of. */
let isAnswered = false

/** Wipes what the last run left with the first that is heard of this one: a quick one has its output there in the same painted frame. */
function answered({ kind, run }: Current): void {
  if (isAnswered) return
  isAnswered = true
  if (kind === 'tests') {
    testResults.value = new Map()
  } else {
    early = []
    isCut.value = false
    onScreen((screen) => screen.clear())
  }
  onScreen((screen) => {
    screen.takesInput = run.frame.interactive === true
  })
}

function take(run: Run, frame: RunFrames): void {
  // A newer run has the screen; the older one was cancelled and may still speak.
  const running = live
  if (running?.run !== run) return
  answered(running)
  switch (frame.type) {
    case 'queued':
      return become({
        ...running,
        phase: 'queued',
        note: frame.position === 0 ? 'next in the queue' : `${frame.position} before it in the queue`,
      })
    case 'preparing':
      return become({ ...running, phase: 'preparing', note: frame.what, progress: frame.progress })
    case 'started':
      return become({ ...running, phase: 'running', note: '' })
    case 'compiled': {
      const output = textOf(frame.output)
      if (output && running.kind === 'program')
        onScreen((screen) => screen.write(frame.ok ? 'note' : 'stderr', `${output.trimEnd()}\n`))
      return
    }
    case 'stdout':
    case 'stderr':
      if (running.kind === 'program') onScreen((screen) => screen.write(frame.type, bytesOf(frame)))
      return
    case 'waiting':
      if (running.kind === 'program') become({ ...running, isWaiting: true })
      return
    case 'test':
      testResults.value = new Map(testResults.value).set(frame.test.id, frame.test)
      return
    case 'result':
      return over(() => ended(frame))
  }
}

function ended(frame: ResultFrame): void {
  result.value = frame
  fault.value = null
  const { visible, hidden } = frame.test_results ?? { visible: [], hidden: [] }
  if (frame.test_results) testResults.value = new Map([...visible, ...hidden].map((test) => [test.id, test]))
}

function failed(run: Run, reason: unknown): void {
  const running = live
  if (running?.run !== run) return
  answered(running)
  const message = reason instanceof Error ? reason.message : String(reason)
  const kind = reason instanceof RefusedError ? 'refused' : 'lost'
  if (!(reason instanceof RefusedError) && !(reason instanceof LostError)) console.error(reason)
  over(() => {
    result.value = null
    fault.value = { kind, message }
  })
}

function over(tell: () => void): void {
  clearTimeout(showing)
  live = null
  batch(() => {
    current.value = null
    tell()
  })
  onScreen((screen) => {
    screen.takesInput = false
  })
}

/** The work as a frame's fields. */
export function job(work: Work, kind: Kind): Job {
  const { files, deterministic } = work
  const limits = Object.fromEntries(Object.entries(work.limits).filter(([, value]) => typeof value === 'number'))
  const [main] = files
  return {
    language: work.language,
    files: Object.fromEntries(files.map(({ name, text }) => [name, text])),
    ...(main && { main: main.name }),
    ...(work.args.trim() && { args: lines(work.args) }),
    ...(work.env.trim() && { env: environment(work.env) }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(deterministic.on && {
      deterministic: { seed: deterministic.seed, ...(deterministic.now && { now: deterministic.now }) },
    }),
    ...(kind === 'tests' ? judged(work) : input(work)),
  }
}

function input({ input, stdin, deterministic }: Work): Partial<Job> {
  // All input of a reproducible run is known before.
  return input === 'typed' && !deterministic.on ? { interactive: true } : { stdin }
}

function judged(work: Work): Partial<Job> {
  const test = ({ name, input, expected }: Case) => ({
    id: name,
    input,
    ...(expected !== null && { expected_output: expected }),
  })
  return {
    tests: {
      visible: work.cases.filter(({ hidden }) => !hidden).map(test),
      hidden: work.cases.filter(({ hidden }) => hidden).map(test),
    },
    compare: comparison(work),
    ...(work.stopOnFailure && { stop_on_failure: true }),
  }
}

function comparison({ compare, checker }: Work): CompareFrame {
  if (compare === 'checker') return { checker }
  if (compare === 'float') return { float: { abs: 1e-6, rel: 1e-6 } }
  return compare
}

const lines = (text: string): string[] => text.replace(/\n+$/, '').split('\n')

function environment(text: string): Record<string, string> {
  const pairs = lines(text).filter((line) => line.includes('='))
  return Object.fromEntries(
    pairs.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1)]),
  )
}
