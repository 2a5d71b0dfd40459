// Pictures of the main states for the documents: `npm run shots`.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { open, result, shows, startBrowser, visit } from './browser.js'
import { startServer } from './server.js'

const folder = fileURLToPath(new URL('../../docs/img/', import.meta.url))
mkdirSync(folder, { recursive: true })
const server = await startServer({ docker: false })
const browser = await startBrowser()
const calm = { reducedMotion: 'reduce', viewport: { width: 1280, height: 760 } }

const example = (page, title) => page.getByLabel('Example').selectOption({ label: title })
const save = (page, name) => page.screenshot({ path: `${folder}${name}.png` })

async function conversation(options, name) {
  const { page, context } = await open(browser, server.url, { ...calm, ...options })
  await example(page, 'A conversation')
  await page.getByRole('button', { name: 'Run' }).click()
  await shows(result(page), 'waiting')
  await page.locator('.xterm-helper-textarea').focus()
  for (const guess of ['50', '75']) {
    await page.keyboard.type(guess)
    await page.keyboard.press('Enter')
    await page.waitForTimeout(300)
  }
  await save(page, name)
  await context.close()
}

async function tests(options, name) {
  const { page, context } = await open(browser, server.url, { ...calm, ...options })
  await example(page, 'Tests with every verdict')
  await page.getByRole('button', { name: 'Run tests' }).click()
  await shows(page.locator('.summary'), 'passed')
  await page.locator('.case').nth(1).locator('summary').click()
  await save(page, name)
  await page.getByRole('tab', { name: /Frames/ }).click()
  await page.locator('.frame').nth(2).click()
  await page.waitForTimeout(300)
  await save(page, 'frames')
  await context.close()
}

await conversation({ colorScheme: 'light' }, 'page')
await conversation(
  { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  'phone',
)
await tests({ colorScheme: 'dark' }, 'tests')

const { page } = await visit(browser, `${server.url}snippet.html`, { ...calm, viewport: { width: 800, height: 860 } })
await page.locator('runnel-snippet').first().getByRole('button', { name: 'Run' }).click()
await shows(page.locator('runnel-snippet .output').first(), '[2, 3')
await page.locator('runnel-snippet').nth(1).getByRole('button', { name: 'Run' }).click()
await page.locator('runnel-snippet').nth(1).getByLabel('A line of input').waitFor()
await page.evaluate(() => scrollTo(0, 130))
await save(page, 'snippet')

await browser.close()
await server.stop()
