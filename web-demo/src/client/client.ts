import { backOff } from './back-off.ts'
import { type Job, LostError, RefusedError, Run, type RunOptions } from './run.ts'
import type { ErrorFrame, ServerFrame, WelcomeFrame } from './types.ts'

/** `waiting`: the connection was lost, the next attempt comes by itself. `closed`: there will be none. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed'

/** A frame as it was sent or received. */
export interface FrameNote {
  direction: 'sent' | 'received'
  text: string
}

export interface ClientOptions {
  /** Sent with `hello`, where the server asks for one. */
  token?: string
  onState?: (state: State, attemptInMs?: number) => void
  onWelcome?: (welcome: WelcomeFrame) => void
  /** Refusals that belong to no run. */
  onError?: (frame: ErrorFrame) => void
  /** Every frame in both directions. */
  onFrame?: (note: FrameNote) => void
}

/** As much of a WebSocket as is needed here. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((message: { data: unknown }) => void) | null
  onclose: ((end: { code: number; reason: string }) => void) | null
  onerror: (() => void) | null
  send(text: string): void
  close(code?: number): void
}

const PROTOCOL = 'runnel.v1'
/** Another attempt would be refused like this one. */
const UNAUTHORIZED = 4401

/** The address of a server's socket: `https://host/below/` is `wss://host/below/v1/connect`. */
export function socketUrl(server: string | URL): string {
  const url = new URL('v1/connect', server)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  return url.href
}

/** A connection that comes back by itself. Runs that were under way when it broke are lost; those that were not sent yet are not. */
export class Client {
  state: State = 'connecting'
  welcome: WelcomeFrame | undefined
  #url: string
  #options: ClientOptions
  #socket: Socket | undefined
  #runs = new Map<string, Run>()
  #unsent = new Set<Run>()
  #attempt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #next = 1

  constructor(server: string | URL, options: ClientOptions = {}) {
    this.#url = socketUrl(server)
    this.#options = options
    // Where there are no such events, the back-off alone does it.
    globalThis.addEventListener?.('online', this.reconnect)
    void this.#connect()
  }

  /** Starts a program, as soon as the connection stands. */
  run(job: Job, options: RunOptions = {}): Run {
    const id = job.id ?? `run-${this.#next++}`
    const run = new Run(
      id,
      job,
      { send: (frame) => this.#sendFor(run, frame), forget: () => this.#forget(run) },
      options,
    )
    if (this.#runs.has(id)) throw new Error(`a run \`${id}\` is live`)
    this.#runs.set(id, run)
    if (this.state === 'open') this.#send(run.frame)
    else if (this.state === 'closed') run.fail(new LostError('the client is closed'))
    else this.#unsent.add(run)
    return run
  }

  /** Tries again now, without waiting for the next attempt. */
  reconnect = (): void => {
    if (this.state !== 'waiting') return
    clearTimeout(this.#timer)
    void this.#connect()
  }

  /** Asks for another `welcome`, with the languages as they are now. */
  refresh(): void {
    if (this.state === 'open') this.#send(this.#hello())
  }

  close(): void {
    this.#become('closed')
    clearTimeout(this.#timer)
    globalThis.removeEventListener?.('online', this.reconnect)
    this.#lose(this.#runs.values(), 'the client was closed')
    this.#socket?.close(1000)
  }

  async #connect(): Promise<void> {
    this.#become('connecting')
    let socket: Socket
    try {
      socket = await open(this.#url)
    } catch {
      return this.#retry()
    }
    if ((this.state as State) === 'closed') return socket.close(1000)
    this.#socket = socket
    socket.onopen = () => {
      if (this.#options.token !== undefined) this.#send(this.#hello())
    }
    socket.onmessage = ({ data }) => this.#receive(String(data))
    // Each error is followed by a close.
    socket.onerror = () => {}
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason)
  }

  #hello(): object {
    const { token } = this.#options
    return token === undefined ? { type: 'hello' } : { type: 'hello', token }
  }

  #closed(socket: Socket, code: number, reason: string): void {
    if (socket !== this.#socket) return
    this.#socket = undefined
    const sent = [...this.#runs.values()].filter((run) => !this.#unsent.has(run))
    this.#lose(sent, `the connection was lost${reason && `: ${reason}`}`)
    if (this.state === 'closed') return
    if (code === UNAUTHORIZED) {
      this.#lose(this.#runs.values(), reason || 'the server asks for a token')
      this.#become('closed')
    } else {
      this.#retry()
    }
  }

  #retry(): void {
    if (this.state === 'closed') return
    const pause = backOff(this.#attempt++)
    this.#timer = setTimeout(() => void this.#connect(), pause)
    this.#become('waiting', pause)
  }

  #lose(runs: Iterable<Run>, why: string): void {
    for (const run of [...runs]) run.fail(new LostError(why))
  }

  #become(state: State, attemptInMs?: number): void {
    this.state = state
    this.#options.onState?.(state, attemptInMs)
  }

  #receive(text: string): void {
    this.#options.onFrame?.({ direction: 'received', text })
    const frame = JSON.parse(text) as ServerFrame
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame)
      case 'error':
        return this.#refused(frame)
      case 'workspace':
      case 'glance':
      case 'clock':
        // Answers to what this library does not ask: they are for `onFrame`.
        return
      default:
        // A run that was given up here may still have frames on their way.
        this.#runs.get(frame.id)?.take(frame)
    }
  }

  #welcomed(welcome: WelcomeFrame): void {
    this.welcome = welcome
    this.#options.onWelcome?.(welcome)
    if (this.state === 'open') return
    this.#attempt = 0
    this.#become('open')
    for (const run of this.#unsent) this.#send(run.frame)
    this.#unsent.clear()
  }

  /** A refused `run` gets one error and no result; input that came too late concerns nobody any more. */
  #refused(frame: ErrorFrame): void {
    const run = frame.id === undefined ? undefined : this.#runs.get(frame.id)
    if (run && frame.code !== 'not_running' && frame.code !== 'unknown_run') run.fail(new RefusedError(frame))
    else this.#options.onError?.(frame)
  }

  #sendFor(run: Run, frame: object): void {
    if (this.#unsent.has(run)) {
      if ((frame as { type: string }).type === 'cancel') run.fail(new LostError('cancelled before it was sent'))
      else throw new Error('input for a run that is not sent yet')
    } else if (!run.isOver) {
      this.#send(frame)
    }
  }

  #forget(run: Run): void {
    this.#runs.delete(run.id)
    this.#unsent.delete(run)
  }

  #send(frame: object): void {
    const text = JSON.stringify(frame)
    this.#options.onFrame?.({ direction: 'sent', text })
    this.#socket?.send(text)
  }
}

async function open(url: string): Promise<Socket> {
  if ('WebSocket' in globalThis) return new WebSocket(url, PROTOCOL) as unknown as Socket
  // Node before 22 has none. Not for bundlers: what they build is for browsers.
  const { NodeSocket } = await import(/* @vite-ignore */ './node-socket.js')
  return new NodeSocket(url, PROTOCOL)
}
