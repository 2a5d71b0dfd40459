/**
 * `<runnel-snippet language="python">` turns a code block into one that can be changed and run. Attributes: `language`, `server` (where the
 * script came from, if absent), `stdin` (given beforehand; without it the program is asked for input as it runs), `readonly`.
 */
import { bytesOf, Client, RefusedError, type Run, type RunFrames } from '../client/index.ts'
import type { Editor } from '../editor/editor.ts'
import { titleOf } from '../titles.ts'
import { sheet } from './style.ts'

/** What is kept of the output, in characters: the newest. */
const MOST_OUTPUT = 200_000

// Not in one expression: a bundler would take it for a file of its own.
const script = import.meta.url
/** One connection for all snippets of a page that ask the same server. */
const clients = new Map<string, Client>()

function clientOf(server: string): Client {
  const known = clients.get(server)
  if (known) return known
  const made = new Client(server)
  clients.set(server, made)
  return made
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  fields: object,
  ...inner: Node[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  Object.assign(made, fields)
  made.append(...inner)
  return made
}

export class RunnelSnippet extends HTMLElement {
  #code = ''
  #run: Run | undefined
  #editor: Editor | undefined
  #size = 0
  #decoder = new TextDecoder()
  #button = element('button', { type: 'button', className: 'run', textContent: 'Run' })
  #source = element('div', { className: 'code' })
  #output = element('pre', { className: 'output', hidden: true, tabIndex: 0, ariaLabel: 'Output' })
  #field = element('input', { type: 'text', autocomplete: 'off', spellcheck: false, ariaLabel: 'A line of input' })
  #line = element(
    'form',
    { className: 'line', hidden: true },
    this.#field,
    element('button', { type: 'submit', textContent: 'Send' }),
    element('button', { type: 'button', textContent: 'End of input', onclick: () => this.#run?.end() }),
  )
  #end = element('span', { className: 'end', role: 'status' })

  connectedCallback(): void {
    if (this.shadowRoot) return
    this.#code = (this.textContent ?? '').replace(/^\s*\n/, '').trimEnd()
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [sheet()]
    const bar = element(
      'div',
      { className: 'bar' },
      element('span', { className: 'language', textContent: titleOf(this.#language) }),
      this.#end,
      this.#button,
    )
    this.#source.append(element('pre', { textContent: this.#code, tabIndex: 0, ariaLabel: 'Program' }))
    root.append(bar, this.#source, this.#output, this.#line)
    this.#button.addEventListener('click', () => (this.#run ? this.#run.cancel() : this.run()))
    this.#line.addEventListener('submit', (event) => this.#send(event))
    this.addEventListener('keydown', (event) => this.#key(event))
    if (!this.hasAttribute('readonly')) this.#editWhenSeen(root)
  }

  disconnectedCallback(): void {
    this.#run?.cancel()
  }

  get code(): string {
    return this.#code
  }

  run(): void {
    this.#run?.cancel()
    const server = new URL(this.getAttribute('server') ?? '.', this.hasAttribute('server') ? document.baseURI : script)
      .href
    const stdin = this.getAttribute('stdin')
    const input = stdin === null ? { interactive: true } : { stdin }
    const run = clientOf(server).run(
      { language: this.#language, code: this.#code, ...input },
      { onFrame: (frame) => this.#take(run, frame) },
    )
    this.#run = run
    this.#button.textContent = 'Stop'
    this.#output.replaceChildren()
    this.#output.hidden = true
    this.#size = 0
    this.#end.textContent = 'starting'
    run.result.catch((fault: Error) => {
      if (this.#run === run) this.#over(fault instanceof RefusedError ? fault.message : `lost: ${fault.message}`)
    })
  }

  get #language(): string {
    return this.getAttribute('language') ?? 'python'
  }

  /** The editor is loaded by those who come to see it. */
  #editWhenSeen(root: ShadowRoot): void {
    const observer = new IntersectionObserver(async (seen) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      const { Editor } = await import('../editor/editor.ts')
      this.#source.replaceChildren()
      this.#editor = new Editor({
        parent: this.#source,
        root,
        label: 'Program',
        onChange: (text) => {
          this.#code = text
        },
      })
      this.#editor.show('program', this.#code, '', this.#language)
    })
    observer.observe(this)
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      this.run()
    } else if (event.key === 'Escape') {
      this.#run?.cancel()
    }
  }

  #send(event: Event): void {
    event.preventDefault()
    const line = `${this.#field.value}\n`
    this.#field.value = ''
    this.#line.hidden = true
    this.#write('typed', line)
    this.#run?.stdin(line)
  }

  #take(run: Run, frame: RunFrames): void {
    if (this.#run !== run) return
    switch (frame.type) {
      case 'queued':
        this.#end.textContent = 'queued'
        return
      case 'preparing':
        this.#end.textContent = `preparing ${Math.round(frame.progress * 100)} %`
        return
      case 'started':
        this.#end.textContent = 'running'
        return
      case 'compiled':
        if (typeof frame.output === 'string' && frame.output !== '') this.#write('stderr', frame.output)
        return
      case 'stdout':
      case 'stderr': {
        const bytes = bytesOf(frame)
        return this.#write(frame.type, typeof bytes === 'string' ? bytes : this.#decoder.decode(bytes))
      }
      case 'waiting':
        this.#end.textContent = 'waits for input'
        this.#line.hidden = false
        if (this.shadowRoot?.activeElement) this.#field.focus()
        return
      case 'test':
        return
      case 'result': {
        const { status, exit_code, cpu_time_ms, message } = frame.execution
        const facts = [
          status.replaceAll('_', ' '),
          exit_code ? `exit code ${exit_code}` : '',
          cpu_time_ms === null ? '' : `${cpu_time_ms.toFixed(1)} ms`,
        ]
        return this.#over([...facts, status === 'success' ? '' : (message ?? '')].filter(Boolean).join(' · '))
      }
    }
  }

  #write(kind: 'stdout' | 'stderr' | 'typed', text: string): void {
    this.#output.hidden = false
    this.#output.append(element('span', { className: kind, textContent: text }))
    this.#size += text.length
    while (this.#size > MOST_OUTPUT && this.#output.childNodes.length > 1) {
      this.#size -= this.#output.firstChild?.textContent?.length ?? 0
      this.#output.firstChild?.remove()
    }
    this.#output.scrollTop = this.#output.scrollHeight
  }

  #over(how: string): void {
    this.#run = undefined
    this.#line.hidden = true
    this.#button.textContent = 'Run'
    this.#end.textContent = how
  }
}

customElements.define('runnel-snippet', RunnelSnippet)
