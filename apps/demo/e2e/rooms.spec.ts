import { answerInstead, type Said } from './support/answer-instead'
import { expect, test } from './support/test'

test('rooms are apart, and tell who is in them', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  const rooms = ada.page.getByRole('navigation', { name: 'Rooms' })
  await expect(rooms.getByRole('link', { name: 'Lobby, 2 people' })).toHaveAttribute('aria-current', 'page')
  await bob.say('Said in the lobby')
  await expect(ada.line('Said in the lobby')).toBeVisible()

  await rooms.getByRole('link', { name: 'Library' }).click()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Library' })).toBeVisible()
  await expect(ada.rows()).toHaveCount(1)
  await expect(ada.line('Said in the lobby')).toBeHidden()
  await expect(bob.rows()).toHaveCount(1)
  await expect(rooms.getByRole('link', { name: 'Lobby, 1 person' })).toBeVisible()
  await expect(rooms.getByRole('link', { name: 'Library, 1 person' })).toHaveAttribute('aria-current', 'page')

  await bob.say('Nobody hears this')
  await expect(bob.line('Nobody hears this')).toBeVisible()
  await ada.page.goBack()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Lobby' })).toBeVisible()
  await expect(ada.rows()).toHaveCount(2)
  // What was read before is still there; what was said meanwhile was never heard.
  await expect(ada.line('Said in the lobby')).toBeVisible()
  await expect(ada.line('Nobody hears this')).toBeHidden()
})

test('naming a room makes it, its link leads there, and others find it', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await ada.page.getByRole('textbox', { name: 'Open another room' }).fill('Late Night!')
  await ada.page.getByRole('button', { name: 'Open the room' }).click()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Late night' })).toBeVisible()
  await expect(ada.page).toHaveURL(/#late-night$/)

  await bob.page.getByRole('link', { name: 'Late night, 1 person' }).click()
  await expect(ada.rows()).toHaveCount(2)
  const cleo = await arrive('Cleo', { room: 'late-night' })
  await expect(cleo.rows()).toHaveCount(3)
})

test('a name without a letter makes no room', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const box = ada.page.getByRole('textbox', { name: 'Open another room' })
  await box.fill('!!!')
  await box.press('Enter')
  await expect(ada.page.getByRole('alert').filter({ hasText: 'needs a letter or a digit' })).toBeVisible()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Lobby' })).toBeVisible()
})

test('a room that the server refuses says why, and the way out works', async ({ arrive, server }) => {
  const ada = await arrive('Ada')
  const isRefused = ({ topic, event }: Said) => topic === 'room:secret' && event === 'phx_join'
  await answerInstead(ada.page, (said) => (isRefused(said) ? 'Only members come in here.' : null))
  await ada.page.goto(`${server.url}#secret`)
  await ada.page.reload()
  const alert = ada.page.getByRole('alert').filter({ hasText: 'You can’t enter this room' })
  await expect(alert).toContainText('Only members come in here.')
  await expect(ada.messageBox).toBeHidden()

  await alert.getByRole('button', { name: 'Try again' }).click()
  await expect(alert).toBeVisible()
  await alert.getByRole('link', { name: 'Go to the Lobby' }).click()
  await expect(ada.page.getByRole('heading', { level: 1, name: 'Lobby' })).toBeVisible()
  await expect(ada.rows()).toHaveCount(1)
  await expect(ada.messageBox).toBeVisible()
})
