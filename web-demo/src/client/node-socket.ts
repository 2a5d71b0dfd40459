/**
 * A WebSocket for Node 20, which has none of its own: text frames, pings, and the end of it. Nothing is negotiated, so that
 * a frame is what it says.
 */
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Socket } from './client.ts'

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const ABNORMAL = 1006
enum Op {
  Continuation = 0,
  Text = 1,
  Close = 8,
  Ping = 9,
  Pong = 10,
}

export class NodeSocket implements Socket {
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  onerror: Socket['onerror'] = null
  #stream: Duplex | undefined
  #rest: Buffer = Buffer.alloc(0)
  #pieces: Buffer[] = []
  #isClosed = false

  constructor(url: string, protocol: string) {
    const key = randomBytes(16).toString('base64')
    const ask = url.startsWith('wss:') ? httpsRequest : httpRequest
    const asked = ask(url.replace(/^ws/, 'http'), {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
        'sec-websocket-protocol': protocol,
      },
    })
    asked.on('upgrade', (answer, stream, head) => {
      const accept = createHash('sha1')
        .update(key + MAGIC)
        .digest('base64')
      if (answer.headers['sec-websocket-accept'] !== accept) return stream.destroy()
      this.#begin(stream, head)
    })
    asked.on('response', (answer) => {
      answer.resume()
      this.#closed(ABNORMAL, `the server answered ${answer.statusCode}`)
    })
    asked.on('error', (fault) => this.#closed(ABNORMAL, fault.message))
    asked.end()
  }

  send(text: string): void {
    this.#write(Op.Text, Buffer.from(text))
  }

  close(code = 1000): void {
    const body = Buffer.alloc(2)
    body.writeUInt16BE(code)
    this.#write(Op.Close, body)
    this.#stream?.end()
    this.#closed(code, '')
  }

  #begin(stream: Duplex, head: Buffer): void {
    if (this.#isClosed) return void stream.destroy()
    this.#stream = stream
    if ('setNoDelay' in stream) (stream as Duplex & { setNoDelay(on: boolean): void }).setNoDelay(true)
    stream.on('data', (bytes: Buffer) => this.#read(bytes))
    stream.on('error', (fault) => this.#closed(ABNORMAL, fault.message))
    stream.on('close', () => this.#closed(ABNORMAL, ''))
    this.onopen?.()
    if (head.length > 0) this.#read(head)
  }

  #closed(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stream?.destroy()
    this.onclose?.({ code, reason })
  }

  /** Takes whole frames off what has come; what is left waits for the rest of it. */
  #read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (!this.#isClosed && this.#rest.length >= 2) {
      const head = this.#rest
      const short = head.readUInt8(1) & 0x7f
      const extra = short === 126 ? 2 : short === 127 ? 8 : 0
      if (head.length < 2 + extra) return
      const length = extra === 0 ? short : extra === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2))
      const end = 2 + extra + length
      if (head.length < end) return
      this.#rest = head.subarray(end)
      this.#frame(head.readUInt8(0), head.subarray(2 + extra, end))
    }
  }

  #frame(first: number, body: Buffer): void {
    switch (first & 0x0f) {
      case Op.Text:
      case Op.Continuation:
        this.#pieces.push(body)
        if (first & 0x80) {
          const text = Buffer.concat(this.#pieces).toString()
          this.#pieces = []
          this.onmessage?.({ data: text })
        }
        return
      case Op.Ping:
        return this.#write(Op.Pong, body)
      case Op.Close: {
        const code = body.length >= 2 ? body.readUInt16BE(0) : 1005
        this.#write(Op.Close, body)
        return this.#closed(code, body.subarray(2).toString())
      }
    }
  }

  #write(op: Op, body: Buffer): void {
    const mask = randomBytes(4)
    const masked = Buffer.from(body)
    for (let at = 0; at < masked.length; at++) masked[at] = (masked[at] as number) ^ (mask[at & 3] as number)
    const extra = body.length < 126 ? 0 : body.length < 65536 ? 2 : 8
    const head = Buffer.alloc(2 + extra)
    head[0] = 0x80 | op
    head[1] = 0x80 | (extra === 0 ? body.length : extra === 2 ? 126 : 127)
    if (extra === 2) head.writeUInt16BE(body.length, 2)
    if (extra === 8) head.writeBigUInt64BE(BigInt(body.length), 2)
    this.#stream?.write(Buffer.concat([head, mask, masked]))
  }
}
