/** The terminal, input for the program, and how it ended. */
import { useEffect, useRef } from 'preact/hooks'
import type { ResultFrame } from '../client/index.ts'
import { count, megabytes, milliseconds, words } from './format.ts'
import { attachScreen, current, endInput, fault, isCut, result, sendInput, stop, takesInput } from './session.ts'
import { SCROLL_BACK } from './terminal/backlog.ts'
import type { Screen } from './terminal/screen.ts'
import { change, view, work } from './work.ts'

export function Output() {
  const host = useRef<HTMLDivElement>(null)
  const screen = useRef<Screen>()
  useEffect(() => {
    // After the first paint: the page is there before its terminal.
    void import('./terminal/screen.ts').then(({ Screen }) => {
      const made = new Screen(host.current as HTMLElement, {
        line: sendInput,
        eof: endInput,
        interrupt: stop,
        full: () => {
          isCut.value = true
        },
      })
      screen.current = made
      attachScreen(made)
    })
  }, [])
  const isWaiting = current.value?.isWaiting === true
  useEffect(() => {
    // Whoever ran it from the editor or the button is led to where the answer goes; nobody is torn from elsewhere.
    const from = document.activeElement
    const isFree = from === document.body || from?.closest('.editor, header') !== null
    if (isWaiting && isFree && view.peek() === 'output' && matchMedia('(pointer: fine)').matches)
      screen.current?.focus()
  }, [isWaiting])
  return (
    <>
      <div class={`screen${isWaiting ? ' waiting' : ''}`} ref={host} role="group" aria-label="Terminal" />
      <Input isWaiting={isWaiting} />
      <End />
    </>
  )
}

function Input({ isWaiting }: { isWaiting: boolean }) {
  const { input, stdin, deterministic } = work.value
  const isGiven = input === 'given' || deterministic.on
  return (
    <div class="input">
      <fieldset class="switch" disabled={deterministic.on}>
        <legend>Input</legend>
        {(['typed', 'given'] as const).map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name="input"
              checked={(kind === 'given') === isGiven}
              onChange={() => change({ input: kind })}
            />
            {kind === 'typed' ? 'typed in the terminal' : 'given beforehand'}
          </label>
        ))}
      </fieldset>
      {isGiven ? (
        <textarea
          aria-label="Input, given beforehand"
          placeholder="What the program reads"
          rows={3}
          value={stdin}
          onInput={(event) => change({ stdin: event.currentTarget.value })}
        />
      ) : (
        takesInput.value && <LineInput isWaiting={isWaiting} />
      )}
    </div>
  )
}

/** The same as typing into the terminal, for those to whom a terminal is no place to type. */
function LineInput({ isWaiting }: { isWaiting: boolean }) {
  const field = useRef<HTMLInputElement>(null)
  const send = (event: Event) => {
    event.preventDefault()
    if (!field.current) return
    sendInput(`${field.current.value}\n`)
    field.current.value = ''
  }
  return (
    <form class="line" onSubmit={send}>
      <input
        ref={field}
        type="text"
        aria-label="A line of input"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={isWaiting ? 'type a line' : ''}
      />
      <button type="submit">Send</button>
      <button type="button" onClick={endInput} title="Ctrl-D">
        End of input
      </button>
    </form>
  )
}

/** The result line. */
function End() {
  return (
    <div class="end" role="status" aria-label="Result">
      <EndOf />
      {isCut.value && <span class="faint">The terminal keeps the last {count(SCROLL_BACK)} lines.</span>}
    </div>
  )
}

const PHASES = { sent: 'starting', queued: 'queued', preparing: 'preparing', running: 'running' }

function EndOf() {
  const running = current.value
  if (running?.kind === 'program') {
    const share = running.phase === 'preparing' ? ` ${Math.round((running.progress ?? 0) * 100)} %` : ''
    return (
      <>
        <span class="chip busy">{running.isWaiting ? 'waiting for input' : PHASES[running.phase] + share}</span>
        <span class="faint">
          {running.isWaiting ? 'type it in the terminal; Ctrl-D ends the input, Ctrl-C the program' : running.note}
        </span>
      </>
    )
  }
  if (fault.value) {
    return (
      <>
        <span class="chip bad">{fault.value.kind}</span>
        <span class="message">{fault.value.message}</span>
      </>
    )
  }
  if (result.value && !result.value.test_results) return <Facts result={result.value} />
  return <span class="faint">Ctrl+Enter runs the program</span>
}

function Facts({ result: { execution, compile } }: { result: ResultFrame }) {
  const { status, exit_code, signal, message } = execution
  const facts: Array<[string, string | null]> = [
    ['exit code', exit_code === null ? null : String(exit_code)],
    ['signal', signal],
    ['CPU', execution.cpu_time_ms === null ? null : milliseconds(execution.cpu_time_ms)],
    ['wall', execution.wall_time_ms === null ? null : milliseconds(execution.wall_time_ms)],
    ['memory', execution.memory_usage_mb === null ? null : megabytes(execution.memory_usage_mb)],
    ['queue', milliseconds(execution.queue_time_ms)],
    ['compile', compile.time_ms === 0 ? null : `${milliseconds(compile.time_ms)}${compile.cached ? ', known' : ''}`],
    ['fuel', execution.fuel === null ? null : count(execution.fuel)],
  ]
  return (
    <>
      <span class={`chip ${status === 'success' ? 'good' : status === 'cancelled' ? 'neutral' : 'bad'}`}>
        {words(status)}
      </span>
      <dl>
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {message && <span class="message">{message}</span>}
    </>
  )
}
