import { expect, test } from './support/test'
import { Visitor } from './support/visitor'

test('a second tab is the same person on a second device; closing it leaves one', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.rows()).toHaveCount(2)
  const fewest = await bob.watchRoster()

  const second = new Visitor(await ada.page.context().newPage(), 'Ada')
  await second.page.goto(ada.page.url())
  // Known already: no second introduction.
  await expect(second.messageBox).toBeVisible()
  await expect(bob.row('Ada')).toContainText('2 devices')
  await expect(ada.row('Ada')).toContainText('2 devices')
  await expect(bob.rows()).toHaveCount(2)
  await expect(bob.page.getByText('2 people here')).toBeVisible()

  await second.page.close()
  await expect(bob.row('Ada')).not.toContainText('devices')
  await expect(bob.rows()).toHaveCount(2)
  expect(await fewest()).toBe(2)

  // The last device gone, the person is.
  await ada.page.close()
  await expect(bob.rows()).toHaveCount(1)
})

test('both tabs have the conversation, the status and the name in common', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  const second = new Visitor(await ada.page.context().newPage(), 'Ada')
  await second.page.goto(ada.page.url())
  await expect(bob.row('Ada')).toContainText('2 devices')

  await ada.say('From my first tab')
  await expect(second.line('From my first tab')).toHaveCount(1)
  await expect(ada.line('From my first tab')).toHaveCount(1)
  await expect(bob.line('From my first tab')).toHaveCount(1)

  await second.chooseStatus('Busy')
  await expect(ada.page.getByRole('button', { name: 'Your status: Busy' })).toBeVisible()
  await expect(bob.row('Ada')).toContainText('Busy')
})
