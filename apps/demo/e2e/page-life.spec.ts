import { type Browser, test as base, chromium, expect, type Frame, type Page } from '@playwright/test'
import type { BarePage } from './support/bare-page'
import { BareSite, GRACE_MS } from './support/bare-site'
import { Devtools } from './support/devtools'

interface Fixtures {
  readonly site: BareSite
  /** Chromium with its back/forward cache, which Playwright otherwise switches off. */
  readonly page: Page
}

const test = base.extend<Fixtures, { readonly caching: Browser }>({
  caching: [
    async ({ launchOptions }, use) => {
      const browser = await chromium.launch({
        ...launchOptions,
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
      })
      await use(browser)
      await browser.close()
    },
    { scope: 'worker' },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its first parameter.
  site: async ({}, use) => {
    const site = await BareSite.start()
    await use(site)
    await site.close()
  },

  page: async ({ caching }, use) => {
    const context = await caching.newContext()
    await use(await context.newPage())
    await context.close()
  },
})

const joined = (page: Page | Frame) =>
  page.waitForFunction(() => (window as unknown as BarePage).channel?.status === 'joined')

const status = (page: Page) => page.evaluate(() => (window as unknown as BarePage).socket.status)

const sessionOf = (page: Page | Frame) =>
  page.evaluate(() => (window as unknown as BarePage).socket.sessionId)

test('a page in the back/forward cache is unseen within the grace, and goes on with its session', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}/?u=ada`)
  await joined(page)
  const session = await sessionOf(page)
  await page.evaluate(() => Object.assign(window, { isKept: true }))
  await page.goto(`${site.url}/elsewhere`)
  await expect.poll(() => site.closeCodes).toEqual([4005])
  await page.evaluate(() => history.back()).catch(() => {})
  await joined(page)
  expect(await page.evaluate(() => 'isKept' in window)).toBe(true)
  expect(await sessionOf(page)).toBe(session)
  expect(site.seen).toEqual(['ada joins'])
})

test('a page that stays in the back/forward cache leaves with the grace, and is back when it is shown', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}/?u=ada`)
  await joined(page)
  await page.goto(`${site.url}/elsewhere`)
  await expect
    .poll(() => site.seen, { timeout: GRACE_MS + 3_000 })
    .toEqual(['ada joins', 'ada leaves: timeout'])
  await page.evaluate(() => history.back()).catch(() => {})
  await joined(page)
  await expect.poll(() => site.seen).toEqual(['ada joins', 'ada leaves: timeout', 'ada joins'])
})

test('a frozen page parts, and is no ghost; it goes on when it is active again', async ({
  site,
  launchOptions,
}) => {
  const devtools = await Devtools.open(`${site.url}/?u=ada`, launchOptions)
  try {
    await expect.poll(() => site.seen).toEqual(['ada joins'])
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    await expect.poll(() => site.closeCodes).toEqual([4005])
    await expect
      .poll(() => site.seen, { timeout: GRACE_MS + 3_000 })
      .toEqual(['ada joins', 'ada leaves: timeout'])
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
    await expect.poll(() => site.seen.at(-1)).toBe('ada joins')
  } finally {
    await devtools.close()
  }
})

test('a reload says that the page was unloaded, and goes on unseen', async ({ page, site }) => {
  await page.goto(`${site.url}/?u=ada`)
  await joined(page)
  const session = await sessionOf(page)
  await page.reload()
  await joined(page)
  expect(await sessionOf(page)).toBe(session)
  expect(site.closeCodes).toEqual([4006])
  expect(site.seen).toEqual(['ada joins'])
})

test('a tab that is closed leaves within the page grace', async ({ page, site }) => {
  await page.goto(`${site.url}/?u=ada`)
  await joined(page)
  await page.close({ runBeforeUnload: true })
  await expect.poll(() => site.closeCodes).toEqual([4006])
  await expect.poll(() => site.seen).toEqual(['ada joins', 'ada leaves: closed'])
})

test('an iframe has a session of its own beside that of the page around it', async ({ page, site }) => {
  await page.goto(`${site.url}/framed?u=outer`)
  const inner = page.frames().find((frame) => frame !== page.mainFrame()) as Frame
  await joined(page)
  await joined(inner)
  await expect.poll(() => [...site.seen].sort()).toEqual(['inner joins', 'outer joins'])
  expect(await sessionOf(inner)).not.toBe(await sessionOf(page))
  await inner.evaluate(() => location.reload())
  await expect.poll(() => site.closeCodes).toEqual([4006])
  const again = page.frames().find((frame) => frame !== page.mainFrame()) as Frame
  await joined(again)
  expect(await status(page)).toBe('open')
  expect(site.closeCodes).not.toContain(4003)
})
