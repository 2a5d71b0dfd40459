// The client library as it is published, in Node, with the real server.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startProxy, startServer } from './server.js'

let server
let library

before(async () => {
  library = await import('../src/client/dist/index.js')
  server = await startServer({ docker: false })
})

after(() => server?.stop())

/** Sockets of Node itself, where it has them, and the library's own. */
const kinds = ['WebSocket' in globalThis ? 'Node’s own sockets' : undefined, 'the library’s sockets'].filter(Boolean)

for (const kind of kinds) {
  describe(kind, () => {
    let own
    before(() => {
      own = globalThis.WebSocket
      if (kind === 'the library’s sockets') delete globalThis.WebSocket
    })
    after(() => {
      if (own) globalThis.WebSocket = own
    })

    it('runs a program, gives its events and its result', async () => {
      const client = new library.Client(server.url)
      const run = client.run({ language: 'python', code: 'print("a" * 200_000); print("é")' })
      let stdout = ''
      const types = new Set()
      for await (const event of run) {
        types.add(event.type)
        if (event.type === 'stdout') stdout += event.data
      }
      assert.equal(stdout, `${'a'.repeat(200_000)}\né\n`)
      assert.deepEqual([...types], ['started', 'stdout', 'result'])
      assert.equal((await run.result).execution.status, 'success')
      client.close()
    })

    it('answers a program that asks, sends much, and ends its input', async () => {
      const client = new library.Client(server.url)
      const code = 'import sys\nprint(input("? "))\nprint(len(sys.stdin.read()))'
      const run = client.run({ language: 'python', code, interactive: true })
      for await (const event of run) {
        if (event.type !== 'waiting') continue
        run.stdin('hello\n')
        run.stdin(new Uint8Array(100_000).fill(120), { eof: true })
        break
      }
      assert.equal((await run.result).execution.stdout, '? hello\n100000\n')
      client.close()
    })

    it('has many runs at once, cancels one, and tells a refusal', async () => {
      const client = new library.Client(server.url)
      const endless = client.run({ language: 'python', code: 'while True: pass' })
      const wrong = client.run({ language: 'cobol', code: '' })
      const quick = client.run({ language: 'javascript', code: 'console.log(1)' })
      assert.equal((await quick.result).execution.stdout, '1\n')
      await assert.rejects(
        wrong.result,
        (fault) => fault instanceof library.RefusedError && fault.frame.code === 'unknown_language',
      )
      endless.cancel()
      assert.equal((await endless.result).execution.status, 'cancelled')
      client.close()
    })

    it('loses what runs when the connection breaks, and comes back', async (t) => {
      const proxy = await startProxy(server.url, '/below/')
      t.after(() => proxy.stop())
      const states = []
      const client = new library.Client(proxy.url, { onState: (state) => states.push(state) })
      const run = client.run({ language: 'python', code: 'input()', interactive: true })
      for await (const event of run) if (event.type === 'waiting') break
      proxy.break()
      await assert.rejects(run.result, library.LostError)
      // Sent by itself as soon as there is a connection again.
      const next = client.run({ language: 'python', code: 'print(2)' })
      proxy.mend()
      assert.equal((await next.result).execution.stdout, '2\n')
      assert.deepEqual([...new Set(states)], ['connecting', 'open', 'waiting'])
      client.close()
    })

    it('waits for a server that is not there yet', async (t) => {
      const first = await startServer({ docker: false })
      const { host } = new URL(first.url)
      await first.stop()
      const client = new library.Client(first.url)
      const run = client.run({ language: 'python', code: 'print(3)' })
      const later = await startServer({ listen: host, docker: false })
      t.after(later.stop)
      assert.equal((await run.result).execution.stdout, '3\n')
      client.close()
    })
  })
}
