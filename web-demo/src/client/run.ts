import { toBase64 } from './text.ts'
import type { ErrorFrame, ResultFrame, RunFrame, ServerFrame } from './types.ts'

/** What is to be run: the fields of a `run` frame. Without an `id` one is made up. */
export type Job = Omit<RunFrame, 'type' | 'id'> & { id?: string }

/** The frames that a run gets. */
export type RunFrames = Exclude<ServerFrame, { type: 'welcome' | 'error' }>

/** What an iteration gives: the run's frames; `dropped` where nobody read them and they became too many. */
export type RunEvent = RunFrames | { type: 'dropped'; frames: number }

export interface RunOptions {
  /** Called with each frame at once. Nothing is kept then for an iteration. */
  onFrame?: (frame: RunFrames) => void
}

/** The server refused the run, or input for it. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly frame: ErrorFrame

  constructor(frame: ErrorFrame) {
    super(frame.message)
    this.frame = frame
  }
}

/** The connection was lost with the run under way; the server has cancelled it. Nobody knows how far it came. */
export class LostError extends Error {
  override name = 'LostError'
}

/** What is kept for an iteration that lags behind, in characters of output. */
const MOST_KEPT = 16 << 20

/** What a run needs of its connection. */
export interface Line {
  send(frame: object): void
  forget(run: Run): void
}

/**
 * A program under way. `for await (const event of run)` gives what happens, `await run.result` the end of it;
 * either, both or none may be asked for.
 */
export class Run implements AsyncIterable<RunEvent> {
  readonly id: string
  readonly result: Promise<ResultFrame>
  readonly frame: RunFrame
  #line: Line
  #options: RunOptions
  #settle!: { resolve(result: ResultFrame): void; reject(fault: Error): void }
  #kept: RunFrames[] = []
  #keptSize = 0
  #dropped = 0
  #over = false
  #fault: Error | undefined
  #wake: (() => void) | undefined

  /** @internal Runs come from `Client.run`. */
  constructor(id: string, job: Job, line: Line, options: RunOptions) {
    this.id = id
    this.frame = { type: 'run', ...job, id }
    this.#line = line
    this.#options = options
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever only iterates learns of it there.
    this.result.catch(() => {})
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Input for a program that was started with `interactive`. */
  stdin(data: string | Uint8Array, { eof = false } = {}): void {
    const given = typeof data === 'string' ? { data } : { base64: toBase64(data) }
    this.#line.send({ type: 'stdin', id: this.id, ...given, ...(eof && { eof }) })
  }

  /** The end of its input. */
  end(): void {
    this.#line.send({ type: 'stdin', id: this.id, eof: true })
  }

  /** Ends it. What it printed is in the result, whose status is `cancelled`. */
  cancel(): void {
    if (!this.#over) this.#line.send({ type: 'cancel', id: this.id })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void> {
    while (true) {
      if (this.#dropped > 0) {
        const frames = this.#dropped
        this.#dropped = 0
        yield { type: 'dropped', frames }
      }
      const frame = this.#kept.shift()
      if (frame) {
        this.#keptSize -= size(frame)
        yield frame
      } else if (this.#fault) {
        throw this.#fault
      } else if (this.#over) {
        return
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake
        })
      }
    }
  }

  /** @internal */
  take(frame: RunFrames): void {
    if (this.#options.onFrame) this.#options.onFrame(frame)
    else this.#keep(frame)
    if (frame.type === 'result') this.#end(() => this.#settle.resolve(frame))
    this.#wake?.()
  }

  /** @internal */
  fail(fault: Error): void {
    if (this.#over) return
    this.#fault = fault
    this.#end(() => this.#settle.reject(fault))
    this.#wake?.()
  }

  #end(settle: () => void): void {
    this.#over = true
    this.#line.forget(this)
    settle()
  }

  #keep(frame: RunFrames): void {
    this.#kept.push(frame)
    this.#keptSize += size(frame)
    while (this.#keptSize > MOST_KEPT && this.#kept.length > 1) {
      this.#keptSize -= size(this.#kept.shift() as RunFrames)
      this.#dropped += 1
    }
  }
}

function size(frame: RunFrames): number {
  return frame.type === 'stdout' || frame.type === 'stderr' ? (frame.data ?? frame.base64 ?? '').length : 0
}
