import { describe, expect, it } from 'vitest'
import { backOff } from './back-off.ts'
import { socketUrl } from './client.ts'
import { LostError, Run, type RunFrames } from './run.ts'
import { bytesOf, textOf, toBase64 } from './text.ts'

describe('back-off', () => {
  it('doubles, is spread out, and has an end', () => {
    expect([0, 1, 2].map((attempt) => backOff(attempt, 1))).toEqual([250, 500, 1000])
    expect(backOff(0, 0)).toBe(125)
    expect(backOff(1000, 1)).toBe(10_000)
  })
})

describe('addresses', () => {
  it.each([
    ['http://host:8080/', 'ws://host:8080/v1/connect'],
    ['https://host/below/', 'wss://host/below/v1/connect'],
    ['https://host/below/index.html', 'wss://host/below/v1/connect'],
  ])('%s', (server, socket) => expect(socketUrl(server)).toBe(socket))
})

describe('text', () => {
  it('is bytes or characters', () => {
    expect(textOf({ base64: toBase64(new TextEncoder().encode('été')) })).toBe('été')
    expect([textOf('x'), textOf(null)]).toEqual(['x', ''])
    expect(bytesOf({ base64: '/wA=' })).toEqual(new Uint8Array([255, 0]))
    const large = new Uint8Array(100_000).map((_, at) => at)
    expect(bytesOf({ base64: toBase64(large) })).toEqual(large)
  })
})

describe('an iteration over a run', () => {
  const line = { send: () => {}, forget: () => {} }
  const output = (data: string): RunFrames => ({ type: 'stdout', id: 'r', seq: 0, t_ms: 0, data })

  it('gives what came before and after it began, and ends with the result', async () => {
    const run = new Run('r', { language: 'python', code: '' }, line, {})
    run.take({ type: 'started', id: 'r', engine: 'wasm' })
    const seen: string[] = []
    const over = (async () => {
      for await (const event of run) seen.push(event.type)
    })()
    await Promise.resolve()
    run.take(output('x'))
    run.take({ type: 'result', id: 'r', execution: { status: 'success' } } as RunFrames)
    await over
    expect(seen).toEqual(['started', 'stdout', 'result'])
    expect((await run.result).execution.status).toBe('success')
    expect(run.isOver).toBe(true)
  })

  it('says what was dropped when nobody read for long', async () => {
    const run = new Run('r', { language: 'python', code: '' }, line, {})
    const piece = 'x'.repeat(1 << 20)
    for (let count = 0; count < 20; count++) run.take(output(piece))
    run.take({ type: 'result', id: 'r' } as RunFrames)
    const seen = []
    for await (const event of run) seen.push(event.type === 'dropped' ? event.frames : event.type)
    expect(seen).toEqual([4, ...Array(16).fill('stdout'), 'result'])
  })

  it('throws where the connection was lost', async () => {
    const run = new Run('r', { language: 'python', code: '' }, line, {})
    run.fail(new LostError('gone'))
    await expect(run[Symbol.asyncIterator]().next()).rejects.toThrow('gone')
    await expect(run.result).rejects.toThrow(LostError)
  })
})
