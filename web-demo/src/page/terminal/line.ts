/** What a terminal's line does for a program that has none: echo, erase, whole lines, the end of input, the interrupt. */
export interface LineEvents {
  echo(text: string): void
  line(text: string): void
  eof(): void
  interrupt(): void
}

const segments = new Intl.Segmenter()
const CONTROL = { interrupt: '\x03', eof: '\x04', back: '\b', delete: '\x7f', kill: '\x15', word: '\x17' }
/** Cursor keys and the like, which a line without a cursor does not know. */
const SEQUENCE = /\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|.)?/g
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Extended_Pictographic}/u

/** Columns that a character takes: two for those that are as wide as high. */
export const columns = (char: string): number => (WIDE.test(char) ? 2 : 1)

export class Line {
  #events: LineEvents
  #typed: string[] = []

  constructor(events: LineEvents) {
    this.#events = events
  }

  /** What came of the keyboard or the clipboard. */
  type(data: string): void {
    const text = data.replace(SEQUENCE, '').replace(/\r\n?/g, '\n')
    for (const { segment } of segments.segment(text)) this.#key(segment)
  }

  /** Forgets what was begun. */
  reset(): void {
    this.#typed = []
  }

  #key(key: string): void {
    switch (key) {
      case '\n':
        this.#events.echo('\r\n')
        return this.#send('\n')
      case CONTROL.interrupt:
        this.#events.echo('^C\r\n')
        this.reset()
        return this.#events.interrupt()
      case CONTROL.eof:
        // As a terminal has it: what was begun is sent as it is, and on an empty line it is the end.
        return this.#typed.length > 0 ? this.#send('') : this.#events.eof()
      case CONTROL.back:
      case CONTROL.delete:
        return this.#erase(1)
      case CONTROL.kill:
        return this.#erase(this.#typed.length)
      case CONTROL.word:
        return this.#erase(this.#typed.length - this.#typed.join('').trimEnd().lastIndexOf(' ') - 1)
    }
    if (key < ' ' && key !== '\t') return
    this.#typed.push(key)
    this.#events.echo(key)
  }

  #send(end: string): void {
    const text = this.#typed.join('') + end
    this.reset()
    this.#events.line(text)
  }

  #erase(count: number): void {
    for (const char of this.#typed.splice(Math.max(0, this.#typed.length - count)).reverse()) {
      this.#events.echo('\b \b'.repeat(columns(char)))
    }
  }
}
