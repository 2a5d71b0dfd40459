/** The last frames of the connection, as they were sent and received. Bounded in number and in size. */
import { signal } from '@preact/signals'
import type { FrameNote } from '../client/index.ts'

export interface LoggedFrame extends FrameNote {
  number: number
  /** Since the page was opened. */
  atMs: number
  type: string
}

const MOST_FRAMES = 1000
const MOST_CHARACTERS = 8 << 20

/** Frames have their type first, ours and the server's. */
const TYPE = /^\{"type":"([\w.]+)"/

export class FrameLog {
  /** Grows at most once for each painted frame. */
  readonly version = signal(0)
  #frames: LoggedFrame[] = []
  #size = 0
  #count = 0
  #isTold = true

  add = (note: FrameNote): void => {
    const type = TYPE.exec(note.text)?.[1] ?? '?'
    this.#frames.push({ ...note, number: ++this.#count, atMs: performance.now(), type })
    this.#size += note.text.length
    while (this.#frames.length > MOST_FRAMES || (this.#size > MOST_CHARACTERS && this.#frames.length > 1)) {
      this.#size -= (this.#frames.shift() as LoggedFrame).text.length
    }
    if (!this.#isTold) return
    this.#isTold = false
    requestAnimationFrame(() => {
      this.#isTold = true
      this.version.value++
    })
  }

  get count(): number {
    return this.#count
  }

  matching(filter: string): LoggedFrame[] {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
    return this.#frames.filter(({ text }) => {
      const lower = words.length > 0 ? text.toLowerCase() : ''
      return words.every((word) => lower.includes(word))
    })
  }

  clear(): void {
    this.#frames = []
    this.#size = 0
    this.version.value++
  }
}
