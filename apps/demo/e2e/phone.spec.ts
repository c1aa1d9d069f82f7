import { expect, test } from './support/test'

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }

test('on a phone the room fills the screen, and the rest is in drawers', async ({ arrive }) => {
  const ada = await arrive('Ada', phone)
  const bob = await arrive('Bob')
  const people = ada.page.getByRole('button', { name: 'People, 2 here' })
  await expect(people).toBeVisible()
  await expect(ada.roster).toHaveCount(0)

  await people.tap()
  const drawer = ada.page.getByRole('dialog', { name: 'People' })
  await expect(drawer.getByRole('listitem').filter({ hasText: 'Bob' })).toContainText('Online')
  await ada.page.keyboard.press('Escape')
  await expect(drawer).toBeHidden()
  await expect(people).toBeFocused()

  await ada.page.getByRole('button', { name: 'Rooms and you' }).tap()
  const rooms = ada.page.getByRole('dialog', { name: 'Rooms and you' })
  await rooms.getByRole('button', { name: /^Your status/ }).tap()
  await rooms.getByRole('menuitemradio', { name: 'Busy' }).tap()
  await expect(bob.row('Ada')).toContainText('Busy')
  await rooms.getByRole('link', { name: 'Garden' }).tap()
  await expect(rooms).toBeHidden()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Garden' })).toBeVisible()
})

test('nothing is wider than the phone, however long its words', async ({ arrive, cable }) => {
  const ada = await arrive('W'.repeat(24), { ...phone, url: cable.url })
  await ada.say('W'.repeat(400))
  await ada.say(`https://example.org/${'path/'.repeat(60)}`)
  await expect(ada.line('example.org')).toBeVisible()
  await cable.cut()
  await expect(ada.page.getByRole('region', { name: 'Connection' })).toBeVisible()

  const overflow = () => ada.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(await overflow()).toBeLessThanOrEqual(0)
  const conversation = ada.page.getByRole('region', { name: 'Conversation in Lobby' })
  expect(await conversation.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0)
  await expect(ada.messageBox).toBeInViewport({ ratio: 1 })
})
