// A server of one's own, and a proxy before it that puts everything below a path and can break connections.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BINARY = process.env.RUNNEL ?? fileURLToPath(new URL('../../target/release/runnel', import.meta.url))
export const withDocker = process.env.RUNNEL_TEST_DOCKER !== '0'

export async function startServer({ listen = '127.0.0.1:0', docker = withDocker, origin } = {}) {
  const settings = ['--set', `docker.enabled=${docker}`]
  if (origin) settings.push('--set', `access.origins=["${origin}"]`)
  const child = spawn(BINARY, ['serve', '--listen', listen, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const [line] = await once(lines, 'line')
  const url = `${line.replace('listening on ', '')}/`
  const stop = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url, stop }
}

/** What a reverse proxy does: `/below/x` is asked for as `/x`. */
export async function startProxy(target, prefix) {
  const { hostname, port } = new URL(target)
  const sockets = new Set()
  const inner = (url) => (url.startsWith(prefix) ? url.slice(prefix.length - 1) : undefined)
  const server = createServer((asked, answer) => {
    const path = inner(asked.url)
    if (path === undefined) return answer.writeHead(404).end()
    const passed = request({ hostname, port, path, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers)
      got.pipe(answer)
    })
    passed.on('error', () => answer.writeHead(502).end())
    asked.pipe(passed)
  })
  let isOpen = true
  server.on('upgrade', (asked, socket) => {
    if (!isOpen) return socket.destroy()
    const upstream = connect(Number(port), hostname, () => {
      const headers = Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}\r\n`)
      upstream.write(`GET ${inner(asked.url)} HTTP/1.1\r\n${headers.join('')}\r\n`)
      upstream.pipe(socket).pipe(upstream)
    })
    sockets.add(socket)
    for (const side of [socket, upstream])
      side.on('error', () => {}).on('close', () => [socket, upstream].map((one) => one.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    /** Ends all sockets, and refuses new ones until `mend`. */
    break() {
      isOpen = false
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    mend() {
      isOpen = true
    },
    stop() {
      this.break()
      server.closeAllConnections()
      server.close()
    },
  }
}
