/** Output on its way to the terminal: bounded, so that a flood costs neither memory nor answers. Of more than fits, the newest is shown. */
export type Stream = 'stdout' | 'stderr' | 'note'

interface Piece {
  stream: Stream
  data: string | Uint8Array
}

/** Lines that can be scrolled back to. */
export const SCROLL_BACK = 5000
/** More than this is never waiting, in characters. */
export const MOST_WAITING = 2 << 20

export class Backlog {
  #pieces: Piece[] = []
  #size = 0
  /** What was left out since the last `take`. */
  #skipped = 0

  push(stream: Stream, data: string | Uint8Array): void {
    this.#pieces.push({ stream, data })
    this.#size += data.length
    while (this.#size > MOST_WAITING && this.#pieces.length > 1) {
      const length = (this.#pieces.shift() as Piece).data.length
      this.#size -= length
      this.#skipped += length
    }
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }

  /** The next pieces, up to about `most` characters, and how many were left out before them. */
  take(most: number): { pieces: Piece[]; skipped: number } {
    const skipped = this.#skipped
    this.#skipped = 0
    let size = 0
    let count = 0
    while (count < this.#pieces.length && size < most) size += (this.#pieces[count++] as Piece).data.length
    this.#size -= size
    return { pieces: this.#pieces.splice(0, count), skipped }
  }

  clear(): void {
    this.#pieces = []
    this.#size = 0
    this.#skipped = 0
  }
}
