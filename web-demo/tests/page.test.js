// The page in a real browser, with the real server.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, result, shows, startBrowser, terminal, visit, write } from './browser.js'
import { startProxy, startServer, withDocker } from './server.js'

const AXE = readFileSync(fileURLToPath(new URL('../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8')

let server
let proxy
let browser

before(async () => {
  ;[server, browser] = await Promise.all([startServer(), startBrowser()])
  proxy = await startProxy(server.url, '/some/where/')
})

after(async () => {
  await browser?.close()
  proxy?.stop()
  await server?.stop()
})

/** One page for each test, which must not say a fault nor ask another host. */
function test(name, body, { url = () => server.url, options, allowed = /^$/ } = {}) {
  it(name, async () => {
    const visited = await open(browser, url(), options)
    try {
      await body(visited)
      assert.deepEqual(
        visited.faults.filter((fault) => !allowed.test(fault)),
        [],
      )
      assert.deepEqual([...visited.hosts], [new URL(url()).host])
    } finally {
      await visited.context.close()
    }
  })
}

const run = (page) => page.keyboard.press('Control+Enter')

/** The keyboard is led to the terminal of a program that waits. */
const led = (page) => page.waitForFunction(() => document.activeElement.matches('.xterm-helper-textarea'))

describe('the page', () => {
  test('shows output before the program ends, stdout and stderr apart', async ({ page }) => {
    await write(page, 'import sys, time\nprint("early")\nprint("oops", file=sys.stderr)\ntime.sleep(60)\n')
    await run(page)
    await shows(terminal(page), 'early')
    await shows(terminal(page), 'oops')
    await shows(result(page), 'running')
    const colour = (text) =>
      page.evaluate((text) => {
        const span = [...document.querySelectorAll('.xterm-rows span')].find((span) => span.textContent.includes(text))
        return span && getComputedStyle(span).color
      }, text)
    assert.notEqual(await colour('early'), await colour('oops'))
    await page.keyboard.press('Escape')
    await shows(result(page), 'cancelled')
  })

  test('takes input where the program asks for it, until its end', async ({ page }) => {
    await write(
      page,
      'name = input("Name? ")\nprint("Hello,", name)\nimport sys\nprint(len(sys.stdin.read()), "more")\n',
    )
    await run(page)
    await shows(result(page), 'waiting for input')
    await led(page)
    await page.keyboard.type('Adax')
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Enter')
    await shows(terminal(page), 'Hello, Ada')
    await page.keyboard.type('four')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+D')
    await shows(terminal(page), '5 more')
    await shows(result(page), 'success')
  })

  test('takes a line by the field beside the terminal, or all input beforehand', async ({ page }) => {
    await write(page, 'print(input()[::-1])\n')
    await run(page)
    await page.getByLabel('A line of input').fill('abc')
    await page.getByRole('button', { name: 'Send' }).click()
    await shows(terminal(page), 'cba')
    await shows(result(page), 'success')
    await page.getByLabel('given beforehand', { exact: true }).check()
    await page.getByLabel('Input, given beforehand').fill('xyz')
    await page.getByRole('button', { name: 'Run' }).click()
    await shows(terminal(page), 'zyx')
  })

  test('stops a busy loop: by the button, and by Ctrl-C in the terminal', async ({ page }) => {
    await write(page, 'print("begun")\nwhile True: pass\n')
    await run(page)
    await shows(terminal(page), 'begun')
    await page.getByRole('button', { name: 'Stop' }).click()
    await shows(result(page), 'cancelled')
    await run(page)
    await shows(result(page), 'running')
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.press('Control+C')
    await shows(result(page), 'cancelled')
  })

  test('keeps the end of a long output, and says so', async ({ page }) => {
    await write(page, 'for number in range(20_000): print("line", number)\n')
    await run(page)
    await shows(terminal(page), 'line 19999')
    await shows(result(page), 'The terminal keeps the last 5,000 lines')
  })

  test('says how a program ended', async ({ page }) => {
    await write(page, 'import sys\nsys.exit(3)\n')
    await run(page)
    await shows(result(page), /error.*exit code\s*3.*CPU.*memory/s)
    await page.getByRole('button', { name: 'Arguments & limits' }).click()
    await page.getByLabel('the same bytes').check()
    await page.getByLabel('clock begins at').fill('tomorrow')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.locator('.actions .primary').click()
    await shows(result(page), /refused.*now/s)
  })

  test('runs several files with arguments, and deterministic ones with fuel', async ({ page }) => {
    const example = (title) => page.getByLabel('Example').selectOption({ label: title })
    await example('Several files')
    await shows(page.locator('.file-tabs'), 'statistics_of.py')
    await run(page)
    await shows(terminal(page), '4 values, mean 1.73')
    await example('The same each time')
    await run(page)
    await shows(result(page), 'fuel')
    await shows(terminal(page), 'Jan  1 00:00:00 2026')
  })

  test('gives every verdict, shows what differs, and a chart', async ({ page }) => {
    await page.getByRole('tab', { name: 'Tests' }).click()
    await page.getByRole('button', { name: 'Show me an example' }).click()
    await page.getByRole('button', { name: 'Run tests' }).click()
    await shows(page.locator('.summary'), '2 of 6 passed')
    assert.deepEqual(await page.locator('.case summary .chip').allInnerTexts(), ['AC', 'WA', 'TLE', 'MLE', 'RTE', 'AC'])
    await page.locator('.case').nth(1).locator('summary').click()
    await shows(page.locator('.diff'), 'a wrong answer·↵')
    await page.locator('.case').nth(5).locator('summary').click()
    await shows(page.locator('.case').nth(5), 'A hidden test shows its verdict')
    assert.equal(await page.locator('.chart tbody tr').count(), 12)
  })

  test('judges with a checker, and tests of one’s own', async ({ page }) => {
    await write(page, 'print("  4   5 ")\n')
    await page.getByRole('tab', { name: 'Tests' }).click()
    await page.getByRole('button', { name: 'Add a test' }).click()
    await page.locator('.case summary').click()
    await page.getByLabel('expected output').fill('4 5\n')
    await run(page)
    await shows(page.locator('.case summary .chip'), 'WA')
    await page.locator('.tests .bar select').selectOption('checker')
    await run(page)
    await shows(page.locator('.case summary .chip'), 'AC')
    await page.locator('input[type=file]').setInputFiles([
      { name: '1.in', mimeType: 'text/plain', buffer: Buffer.from('x') },
      { name: '1.out', mimeType: 'text/plain', buffer: Buffer.from('9') },
    ])
    await page.locator('.case').nth(1).waitFor()
    await run(page)
    await shows(page.locator('.summary'), '1 of 2 passed')
  })

  test('shows every frame, filters them, and opens one', async ({ page }) => {
    await run(page)
    await shows(result(page), 'success')
    await page.getByRole('tab', { name: /Frames/ }).click()
    const types = page.locator('.frame b')
    assert.deepEqual(await types.allInnerTexts(), ['welcome', 'run', 'started', 'stdout', 'result'])
    assert.equal(await page.locator('.frames .sent').count(), 1)
    await page.getByLabel('Filter frames').fill('hello run-1')
    await page.waitForFunction(() => document.querySelectorAll('.frame').length === 3)
    await page.locator('.frame').last().click()
    await shows(page.locator('.whole'), '"exit_code": 0')
  })

  test('comes back from a link, and keeps what it replaced', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await write(page, 'print("ünique", 7 * 6)\n')
    await page.getByRole('button', { name: 'Share' }).click()
    await shows(page.locator('.notice'), 'clipboard')
    const link = await page.evaluate(() => navigator.clipboard.readText())
    assert.match(link, /#s=[\w-]+$/)

    await write(page, 'my own work')
    await page.waitForFunction(() => localStorage.getItem('runnel.work').includes('my own work'))
    await page.goto('about:blank')
    await page.goto(link)
    await shows(page.locator('.cm-content'), 'ünique')
    assert.equal(new URL(page.url()).hash, '')
    await page.waitForFunction(() => localStorage.getItem('runnel.before')?.includes('my own work'))
    await page.reload()
    await shows(page.locator('.cm-content'), 'ünique')
    await page.getByRole('button', { name: 'Take it back' }).click()
    await shows(page.locator('.cm-content'), 'my own work')
    await page.waitForFunction(() => localStorage.getItem('runnel.work').includes('my own work'))
    await page.reload()
    await shows(page.locator('.cm-content'), 'my own work')
  })

  test(
    'runs what is in the address',
    async ({ page }) => {
      await shows(terminal(page), '42')
      assert.equal(new URL(page.url()).search, '')
    },
    { url: () => `${server.url}?lang=js&code=${encodeURIComponent('console.log(6*7)')}&run=1` },
  )

  test(
    'works below a path, and says that a run was lost with its socket',
    async ({ page }) => {
      await write(page, 'print("begun", flush=True)\nimport time\ntime.sleep(60)\n')
      await run(page)
      await shows(terminal(page), 'begun')
      proxy.break()
      await shows(result(page), /lost.*connection/s)
      await shows(page.locator('.server.lost'), 'connection lost')
      await shows(page.locator('.cm-content'), 'begun')
      proxy.mend()
      await page.locator('.server.open').waitFor()
      await write(page, 'print("again")\n')
      await run(page)
      await shows(terminal(page), 'again')
    },
    { url: () => proxy.url, allowed: /WebSocket connection/ },
  )

  test(
    'fits a phone',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Run' }).tap()
      await shows(terminal(page), 'Hello, world!')
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
    },
    { options: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
  )

  test('compiles and runs C++', async ({ page }) => {
    const languages = await (await fetch(`${server.url}v1/languages`)).json()
    const { state, reason } = languages.find(({ name }) => name === 'cpp')
    if (state === 'unavailable') {
      assert.ok(!withDocker || reason, 'it is unavailable and nobody knows why')
      console.error(`SKIPPED: C++ is unavailable: ${reason}`)
      return
    }
    await page.getByLabel('Language').selectOption('cpp')
    await page.getByLabel('Example').selectOption({ label: 'A conversation' })
    await run(page)
    await shows(result(page), 'waiting for input')
    await led(page)
    await page.keyboard.type('stressed')
    await page.keyboard.press('Enter')
    await shows(terminal(page), 'desserts')
    await page.keyboard.press('Control+D')
    await shows(result(page), /success.*compile/s)
    await write(page, 'int main() { return nothing; }\n')
    await run(page)
    await shows(terminal(page), 'nothing')
    await shows(result(page), 'compile error')
  })

  test('is left and entered by keyboard alone', async ({ page }) => {
    await page.locator('.cm-content').focus()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'tab')
    await page.keyboard.press('ArrowRight')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Tests')
    await shows(page.locator('#panel-tests'), 'No tests yet')
  })
})

describe('a language that can’t be used', () => {
  it('is there with the reason', async (t) => {
    const small = await startServer({ docker: false })
    t.after(small.stop)
    const { page, context } = await open(browser, small.url)
    await page.locator('option', { hasText: /^C\+\+ · .* · unavailable$/ }).waitFor({ state: 'attached' })
    await page.getByLabel('Language').selectOption('cpp')
    await shows(page.locator('.reason'), /C\+\+ is not available: .*docker/i)
    assert.equal(await page.getByRole('button', { name: 'Run' }).isDisabled(), true)
    await context.close()
  })
})

describe('accessibility', () => {
  for (const colorScheme of ['light', 'dark']) {
    test(
      `has no serious findings, ${colorScheme}`,
      async ({ page }) => {
        await page.evaluate(AXE)
        const check = async (state) => {
          const findings = await page.evaluate(async () => {
            const { violations } = await globalThis.axe.run()
            const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
          })
          assert.deepEqual(findings, [], state)
        }
        await run(page)
        await shows(result(page), 'success')
        await check('output')
        await page.getByLabel('Example').selectOption({ label: 'Tests with every verdict' })
        await page.getByRole('button', { name: 'Run tests' }).click()
        await shows(page.locator('.summary'), 'passed')
        await page.locator('.case').nth(1).locator('summary').click()
        await check('tests')
        await page.getByRole('tab', { name: /Frames/ }).click()
        await page.locator('.frame').first().click()
        await check('frames')
        await page.getByRole('button', { name: 'Arguments & limits' }).click()
        await check('drawer')
      },
      { options: { colorScheme, reducedMotion: 'reduce' } },
    )
  }
})

describe('snippets', () => {
  it('run, ask, and can be changed', async () => {
    const { page, context, faults, hosts } = await visit(browser, `${server.url}snippet.html`)
    const snippet = (index) => page.locator('runnel-snippet').nth(index)
    await snippet(0).getByRole('button', { name: 'Run' }).click()
    await shows(snippet(0).locator('.output'), '[2, 3, 5, 7')
    await snippet(0).locator('.cm-content').click()
    await page.keyboard.press('Control+A')
    await page.keyboard.insertText('print("changed")')
    await page.keyboard.press('Control+Enter')
    await shows(snippet(0).locator('.output'), 'changed')
    await shows(snippet(0).locator('.end'), 'success')

    await snippet(1).getByRole('button', { name: 'Run' }).click()
    await snippet(1).getByLabel('A line of input').fill('Ada')
    await page.keyboard.press('Enter')
    await shows(snippet(1).locator('.output'), 'Hello, Ada!')

    await snippet(2).getByRole('button', { name: 'Run' }).click()
    await shows(snippet(2).locator('.output'), '50')
    await page.evaluate(AXE)
    const findings = await page.evaluate(async () =>
      (await globalThis.axe.run()).violations
        .filter(({ impact }) => /serious|critical/.test(impact))
        .map(({ id, nodes }) => `${id} ${nodes[0].html}`),
    )
    assert.deepEqual([findings, faults, [...hosts]], [[], [], [new URL(server.url).host]])
    await context.close()
  })

  it('work in a page of another host, with the server that they came from', async (t) => {
    let own
    const page = () => `<!doctype html><html lang="en"><title>A blog</title><link rel="icon" href="data:,">
      <script type="module" src="${own.url}runnel-snippet.js"></script>
      <main><h1>A blog</h1><runnel-snippet language="js">console.log("from afar")</runnel-snippet></main></html>`
    const blog = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(page()))
    await once(blog.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${blog.address().port}`
    // Whose pages may ask is the operator's decision.
    own = await startServer({ docker: false, origin })
    t.after(async () => {
      blog.closeAllConnections()
      blog.close()
      await own.stop()
    })
    const visited = await visit(browser, `${origin}/`)
    await visited.page.getByRole('button', { name: 'Run' }).click()
    await shows(visited.page.locator('.output'), 'from afar')
    assert.deepEqual(visited.faults, [])
    await visited.context.close()
  })
})
