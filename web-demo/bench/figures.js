// The figures of the page, measured in Chromium against a server of its own: `npm run bench`.
import { open, result, shows, startBrowser } from '../tests/browser.js'
import { startServer } from '../tests/server.js'

const ROUNDS = 60
const MEGABYTES = 10
const SECONDS = 5

const server = await startServer({ docker: false })
const browser = await startBrowser()

/** The page with this program in it. */
async function prepared(code, fields = {}) {
  const { page, context } = await open(browser, server.url)
  await context.addInitScript(
    `localStorage.setItem('runnel.work', ${JSON.stringify(JSON.stringify({ language: 'python', files: [{ name: 'main.py', text: code }], ...fields }))})`,
  )
  await page.reload()
  await page.locator('.server.open').waitFor()
  await page.locator('.xterm-rows').waitFor()
  return page
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** From the key's time stamp to the task after the frame with the text in it was painted. */
async function keyToOutput() {
  // The number tells this round's output from the last one's, which is there until the run is answered.
  const page = await prepared('import time\nprint("hello", time.time_ns())\n')
  const times = []
  for (let round = 0; round < ROUNDS; round++) {
    await page.evaluate(() => {
      globalThis.measured = new Promise((resolve) => {
        let began
        addEventListener(
          'keydown',
          (event) => {
            began ??= event.key === 'Enter' ? event.timeStamp : undefined
          },
          { capture: true },
        )
        const rows = document.querySelector('.xterm-rows')
        const output = () => /hello \d+/.exec(rows.textContent)?.[0]
        const last = output()
        const observer = new MutationObserver(() => {
          if (began === undefined || output() === undefined || output() === last) return
          observer.disconnect()
          // The terminal draws right before a frame is painted; the next task comes after that.
          setTimeout(() => resolve(performance.now() - began))
        })
        observer.observe(rows, { childList: true, subtree: true, characterData: true })
      })
    })
    await page.keyboard.press('Control+Enter')
    times.push(await page.evaluate(() => globalThis.measured))
    await shows(result(page), 'success')
  }
  const [first, ...rest] = times
  return { first, median: median(rest), worst: Math.max(...rest) }
}

async function flood() {
  const code = `import sys, time
line = "x" * 99 + "\\n"
began = time.monotonic()
for step in range(${SECONDS * 100}):
    sys.stdout.write(line * ${(MEGABYTES * 1e6) / 100 / (SECONDS * 100)})
    sys.stdout.flush()
    time.sleep(max(0, began + (step + 1) / 100 - time.monotonic()))
print("all", "there")
`
  const page = await prepared(code, { limits: { output_kb: 65536, time_ms: 60000 } })
  const cdp = await page.context().newCDPSession(page)
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize / 1e6
  }
  const before = await heap()
  await page.evaluate(() => {
    globalThis.longest = 0
    globalThis.gap = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration)
    }).observe({ type: 'longtask' })
    let last = performance.now()
    setInterval(() => {
      globalThis.gap = Math.max(globalThis.gap, performance.now() - last)
      last = performance.now()
    }, 10)
  })
  const began = performance.now()
  await page.keyboard.press('Control+Enter')
  await shows(page.locator('.xterm-rows'), 'all there')
  const took = (performance.now() - began) / 1000
  await shows(result(page), 'success')
  const { longest, gap } = await page.evaluate(() => ({ longest: globalThis.longest, gap: globalThis.gap }))
  return { longest, gap, took, grown: (await heap()) - before }
}

const ms = (value) => `${value.toFixed(1)} ms`
const key = await keyToOutput()
console.log(
  `Ctrl+Enter to the first output painted, Python hello, ${ROUNDS} rounds: first ${ms(key.first)}, median ${ms(key.median)}, worst ${ms(key.worst)}`,
)
const flooded = await flood()
console.log(
  `${MEGABYTES} MB printed over ${SECONDS} s: all shown after ${flooded.took.toFixed(1)} s, longest task ${flooded.longest === 0 ? 'under 50 ms' : ms(flooded.longest)}, longest time without an answer ${ms(flooded.gap)}, heap grown by ${flooded.grown.toFixed(1)} MB`,
)
await browser.close()
await server.stop()
