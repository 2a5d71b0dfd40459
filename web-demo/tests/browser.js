// One Chromium for all tests, and what they say to a page.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const FLAGS = [
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]
/** The longest that anything here may take: a bound for hanging, not a measurement. */
export const PATIENCE = 30_000

export async function startBrowser() {
  const executablePath = PLACES.find((place) => place && existsSync(place))
  if (!executablePath)
    throw new Error('there is no Chromium\nhint: ./setup.sh installs it; RUNNEL_TEST_BROWSER=0 leaves these tests out')
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...FLAGS, ...sandbox] })
}

/** A page of its own that nothing was stored in, connected, with its faults and the hosts it asked. */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  const faults = []
  const hosts = new Set()
  page.on('pageerror', (fault) => faults.push(fault.message))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  page.on('request', (asked) => hosts.add(new URL(asked.url()).host))
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host))
  await page.goto(url)
  return { page, context, faults, hosts }
}

/** The page with its terminal. */
export async function open(browser, url, options = {}) {
  const visited = await visit(browser, url, options)
  await visited.page.locator('.server.open').waitFor()
  await visited.page.locator('.xterm-rows').waitFor()
  await visited.page.locator('.state').waitFor({ state: 'attached' })
  return visited
}

export const terminal = (page) => page.locator('.xterm-rows')
export const result = (page) => page.getByRole('status', { name: 'Result' })

/** Puts a program into the editor, as pasting does it. */
export async function write(page, code) {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(code)
}

/** Waits for text, with what is there in the message where it does not come. */
export async function shows(locator, text) {
  try {
    await locator.filter({ hasText: text }).first().waitFor({ timeout: PATIENCE })
  } catch {
    throw new Error(`no ${JSON.stringify(String(text))} in ${JSON.stringify(await locator.allInnerTexts())}`)
  }
}
