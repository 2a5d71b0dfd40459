/** The terminal on the page: xterm.js, fed at most once for each frame that the browser paints. */
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { Backlog, SCROLL_BACK, type Stream } from './backlog.ts'
import { Line } from './line.ts'

/** What is handed to the terminal for one painted frame, in characters: it must be done long before the next. */
const PER_PAINT = 64 << 10

const RED = '\x1b[31m'
const DIM = '\x1b[2m'
const RESET = '\x1b[0m'
/** Backspace over the edge of a wrapped line. */
const REVERSE_WRAP = '\x1b[?45h'

export interface ScreenEvents {
  line(text: string): void
  eof(): void
  interrupt(): void
  /** From now on the oldest lines go. */
  full(): void
}

export class Screen {
  #terminal: Terminal
  #fit = new FitAddon()
  #backlog = new Backlog()
  #line: Line
  #stream: Stream = 'stdout'
  #isFeeding = false
  #takesInput = false
  #decoder = new TextDecoder()
  #events: ScreenEvents

  constructor(parent: HTMLElement, events: ScreenEvents) {
    this.#events = events
    this.#terminal = new Terminal({
      scrollback: SCROLL_BACK,
      convertEol: true,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      cursorInactiveStyle: 'none',
      disableStdin: true,
      minimumContrastRatio: 4.5,
      fontSize: 13,
      lineHeight: 1.25,
      fontFamily: getComputedStyle(parent).getPropertyValue('--mono'),
      theme: theme(parent),
      // Rows as text for those who hear them.
      screenReaderMode: true,
    })
    this.#line = new Line({ ...events, echo: (text) => this.#terminal.write(this.#colour('stdout') + text) })
    this.#terminal.loadAddon(this.#fit)
    this.#terminal.open(parent)
    this.#terminal.write(REVERSE_WRAP)
    this.#terminal.onData((data) => this.#takesInput && this.#line.type(data))
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isForUs(event))
    this.#terminal.textarea?.setAttribute('aria-label', 'Input for the program')
    new ResizeObserver(() => this.#fit.fit()).observe(parent)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#terminal.options.theme = theme(parent)
    })
  }

  write(stream: Stream, data: string | Uint8Array): void {
    this.#backlog.push(stream, data)
    if (this.#isFeeding) return
    this.#isFeeding = true
    // At once where nothing is on its way: the first output should not wait for a frame to be painted.
    this.#feed()
  }

  clear(): void {
    this.#backlog.clear()
    this.#line.reset()
    this.#stream = 'stdout'
    this.#terminal.reset()
    this.#terminal.write(REVERSE_WRAP)
  }

  set takesInput(takes: boolean) {
    this.#takesInput = takes
    this.#terminal.options.disableStdin = !takes
  }

  focus(): void {
    this.#terminal.focus()
  }

  #feed = (): void => {
    const { pieces, skipped } = this.#backlog.take(PER_PAINT)
    let text = ''
    if (skipped > 0) text += `${this.#colour('note')}\r\n[${skipped.toLocaleString('en')} characters not shown]\r\n`
    for (const { stream, data } of pieces) {
      text += this.#colour(stream) + (typeof data === 'string' ? data : this.#decoder.decode(data))
    }
    this.#terminal.write(text, () => {
      if (skipped > 0 || this.#terminal.buffer.active.length >= SCROLL_BACK + this.#terminal.rows) this.#events.full()
      if (this.#backlog.isEmpty) this.#isFeeding = false
      else requestAnimationFrame(this.#feed)
    })
  }

  /** What has to be written before text of that stream. */
  #colour(stream: Stream): string {
    if (stream === this.#stream) return ''
    this.#stream = stream
    return { stdout: RESET, stderr: RESET + RED, note: RESET + DIM }[stream]
  }

  /** Keys that are the page's, or the browser's, are not the terminal's. */
  #isForUs(event: KeyboardEvent): boolean {
    const { key } = event
    const isCommand = event.ctrlKey || event.metaKey
    if (key === 'Tab' || key === 'Escape' || (isCommand && key === 'Enter')) return false
    if (isCommand && key === 'c' && this.#terminal.hasSelection()) return false
    return true
  }
}

function theme(parent: HTMLElement): Record<string, string> {
  const style = getComputedStyle(parent)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  return {
    background: colour('--screen'),
    foreground: colour('--ink'),
    cursor: colour('--accent'),
    cursorAccent: colour('--screen'),
    selectionBackground: colour('--selection'),
    red: colour('--red'),
    brightRed: colour('--red'),
    green: colour('--green'),
    yellow: colour('--amber'),
    blue: colour('--blue'),
    brightBlack: colour('--muted'),
  }
}
