import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import { expect, test } from './support/test'
import { Visitor } from './support/visitor'

/** What the page was kept from doing, as the browser tells it. */
async function watchViolations(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const found: string[] = []
    Object.assign(window, { found })
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      found.push(`${effectiveDirective} ${blockedURI}`)
    })
  })
  return () => page.evaluate(() => (window as unknown as { found: string[] }).found)
}

test('[S-47] the page needs nothing that its policy refuses, and a script that somebody put into it does not run', async ({
  page,
  server,
}) => {
  const violations = await watchViolations(page)
  const answer = await page.goto(server.url)
  expect(answer?.headers()['content-security-policy']).toContain("default-src 'self'")
  const ada = new Visitor(page, 'Ada')
  await ada.signIn()
  // Over its WebSocket, in its styles.
  await expect(ada.row('Ada')).toContainText('you')
  await ada.messageBox.fill('Hello https://example.com')
  await ada.messageBox.press('Enter')
  await expect(ada.line(/Hello/)).toBeVisible()
  await page.getByRole('button', { name: /^Your status/ }).click()
  expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe('0px')
  expect(await violations()).toEqual([])

  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.ran = true'
    document.body.append(script)
  })
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
  expect(await violations()).toEqual(['script-src-elem inline'])
})

test('[S-47] dialogs, drawers, themes and links keep to the policy', async ({ page, server }) => {
  const violations = await watchViolations(page)
  await page.goto(server.url)
  const ada = new Visitor(page, 'Ada')
  await ada.signIn()
  await expect(ada.rows()).toHaveCount(1)
  await ada.say('See https://example.org/a and javascript:alert(1)')
  const link = ada.log.getByRole('link')
  await expect(link).toHaveCount(1)
  await expect(link).toHaveAttribute('href', 'https://example.org/a')
  await expect(link).toHaveAttribute('rel', 'noopener noreferrer nofollow')
  await ada.chooseStatus('Busy')
  await expect(ada.row('Ada')).toContainText('Busy')
  await page.getByRole('button', { name: /^Your status/ }).click()
  await page.getByRole('menuitem', { name: 'Change name…' }).click()
  await expect(page.getByRole('dialog', { name: 'Change your name' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'People, 1 here' }).click()
  await expect(page.getByRole('dialog', { name: 'People' })).toBeVisible()
  expect(await violations()).toEqual([])
})

test('[S-47] another site cannot show the page in a frame', async ({ page, server }) => {
  const site = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<iframe src="${server.url}"></iframe>`)
  })
  await new Promise<void>((resolve) => void site.listen(0, '127.0.0.1', resolve))
  try {
    const refusal = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
    await refusal
    await expect(page.frameLocator('iframe').getByRole('textbox')).toHaveCount(0)
  } finally {
    site.closeAllConnections()
    site.close()
  }
})
