import type { Page } from '@playwright/test'
import { fakeServerFor } from './support/crowd'
import { expect, test } from './support/test'
import { Visitor } from './support/visitor'

const sizes = [
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
  { width: 390, height: 844 },
]
/** As wide as a name can be. */
const wideName = 'W'.repeat(24)
const longText = `${'An ordinary sentence that needs several lines on a phone. '.repeat(4)}${'unbroken'.repeat(40)}`

// A row of the grid that grows with its content once pushed the message box out of the window.
test('the message box stays in the window, however many people and messages there are', async ({
  page,
  server,
}, testInfo) => {
  const crowd = await fakeServerFor(page)
  const ada = new Visitor(page, 'Ada')
  await page.goto(server.url)
  await ada.signIn()
  const { join } = crowd.presence('room:lobby')
  const nameOf = (index: number) => (index === 3 ? wideName : `Person ${index}`)
  let present = 1
  for (const people of [1, 14, 40, 500]) {
    for (; present < people; present++) {
      join(`p${present}`, { n: nameOf(present), s: 'online', at: 1 })
      const text = present === 3 ? longText : `Message ${present}`
      const message = { id: `m${present}`, by: `p${present}`, n: nameOf(present), text }
      if (present < 40) crowd.broadcast('room:lobby', 'message', message)
    }
    for (const viewport of sizes) {
      await page.setViewportSize(viewport)
      const isPhone = viewport.width < 1024
      if (isPhone) await expect(page.getByRole('button', { name: `People, ${people} here` })).toBeVisible()
      else await expect(ada.rows()).toHaveCount(people)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await expect(ada.messageBox).toBeInViewport({ ratio: 1 })
        await expect(page.getByRole('button', { name: /^Your status/ })).toHaveCount(isPhone ? 0 : 1)
        const path = testInfo.outputPath(`${people}-${viewport.width}-${colorScheme}.png`)
        if (process.env.LAYOUT_PICTURES) await page.screenshot({ path, animations: 'disabled' })
      }
      expect(await overflowOf(page)).toEqual({ width: 0, height: 0 })
      if (isPhone) continue
      await expect(page.getByRole('button', { name: /^Your status/ })).toBeInViewport({ ratio: 1 })
      const list = await ada.roster.evaluate((box) => {
        const { bottom } = box.getBoundingClientRect()
        return { bottom, hidden: box.scrollHeight - box.clientHeight }
      })
      expect(list.bottom).toBeLessThanOrEqual(viewport.height)
      if (people < 40) continue
      expect(list.hidden).toBeGreaterThan(0)
      const last = ada.rows().last()
      await last.scrollIntoViewIfNeeded()
      await expect(last).toBeInViewport({ ratio: 1 })
      await expect(ada.messageBox).toBeInViewport({ ratio: 1 })
      await ada.rows().first().scrollIntoViewIfNeeded()
    }
  }

  // On a phone the roster is a drawer, and scrolls there.
  await page.getByRole('button', { name: 'People, 500 here' }).click()
  await expect(ada.rows()).toHaveCount(500)
  await ada.row('Person 499').scrollIntoViewIfNeeded()
  await expect(ada.row('Person 499')).toBeInViewport({ ratio: 1 })
  const path = testInfo.outputPath('drawer.png')
  if (process.env.LAYOUT_PICTURES) await page.screenshot({ path, animations: 'disabled' })
})

/** By how many pixels the page itself can be scrolled. */
function overflowOf(page: Page): Promise<{ width: number; height: number }> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement
    return { width: scrollWidth - clientWidth, height: scrollHeight - clientHeight }
  })
}
