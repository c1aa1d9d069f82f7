import { expect, test } from './support/test'
import { Visitor } from './support/visitor'

test('dialogs, drawers, themes and links keep to the policy that the page is sent with', async ({
  page,
  server,
}) => {
  const violations: string[] = []
  await page.exposeFunction('reportViolation', (text: string) => violations.push(text))
  await page.addInitScript(() => {
    const { reportViolation } = window as unknown as { reportViolation: (text: string) => void }
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) =>
      reportViolation(`${effectiveDirective} ${blockedURI} ${sourceFile}`),
    )
  })
  const answer = await page.goto(server.url)
  expect(answer?.headers()['content-security-policy']).toContain("default-src 'self'")

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
  expect(violations).toEqual([])
})
