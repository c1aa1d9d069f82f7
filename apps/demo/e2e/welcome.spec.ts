import { expect, test } from './support/test'
import { Visitor } from './support/visitor'

test('the first visit suggests a name, takes one, and remembers it', async ({ page, server }) => {
  await page.goto(server.url)
  const name = page.getByRole('textbox', { name: 'Your name' })
  await expect(name).toHaveValue(/^\w+ \w+$/)
  const suggested = await name.inputValue()
  await expect
    .poll(async () => {
      await page.getByRole('button', { name: 'Suggest another name' }).click()
      return name.inputValue()
    })
    .not.toBe(suggested)

  const visitor = new Visitor(page, 'Grace Hopper')
  await visitor.signIn()
  await expect(visitor.row('Grace Hopper')).toContainText('you')
  await page.reload()
  await expect(visitor.row('Grace Hopper')).toContainText('you')
  await expect(name).toBeHidden()
})

test('a name that cannot be taken is told why', async ({ page, server }) => {
  await page.goto(server.url)
  const name = page.getByRole('textbox', { name: 'Your name' })
  const enter = page.getByRole('button', { name: 'Sign the register' })
  await name.fill('   ')
  await enter.click()
  await expect(page.getByRole('alert')).toHaveText('Enter a name, so that others know you.')
  await expect(name).toHaveAttribute('aria-invalid', 'true')
  await name.fill('x'.repeat(25))
  await enter.click()
  await expect(page.getByRole('alert')).toContainText('at most 24 characters')
  await name.fill('Ada')
  await expect(page.getByRole('alert')).toBeEmpty()
})
