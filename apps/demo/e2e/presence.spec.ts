import { expect, test } from './support/test'

test('two people see each other come and go', async ({ arrive }) => {
  const ada = await arrive('Ada')
  await expect(ada.page.getByRole('heading', { name: 'Only you so far' })).toBeVisible()
  await expect(ada.rows()).toHaveCount(1)

  const bob = await arrive('Bob')
  await expect(bob.row('Ada')).toContainText('Online')
  await expect(bob.row('Bob')).toContainText('you')
  await expect(ada.row('Bob')).toContainText('Online')
  await expect(ada.row('Bob')).toContainText(/since \d/)
  await expect(ada.line('Bob joined')).toBeVisible()
  await expect(ada.page.getByText('2 people here')).toBeVisible()

  await bob.page.close()
  await expect(ada.rows()).toHaveCount(1)
  await expect(ada.page.getByText('1 person here')).toBeVisible()
})

test('who comes and goes without a word leaves none', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(ada.line('Bob joined')).toBeVisible()
  await bob.page.close()
  await expect(ada.line('Bob joined')).toBeHidden()
  await expect(ada.line(/Bob/)).toHaveCount(0)
})

test('a status is seen by everybody, and outlives a reload', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.row('Ada')).toContainText('Online')

  await ada.chooseStatus('Busy')
  await expect(bob.row('Ada')).toContainText('Busy')
  await expect(ada.row('Ada')).toContainText('Busy')
  await expect(bob.row('Bob')).toContainText('Online')

  await ada.chooseStatus('Away')
  await expect(bob.row('Ada')).toContainText('Away')

  await ada.page.reload()
  await expect(ada.page.getByRole('button', { name: 'Your status: Away' })).toBeVisible()
  await expect(bob.row('Ada')).toContainText('Away')
})

test('typing shows while it goes on', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.row('Ada')).toBeVisible()

  await ada.messageBox.pressSequentially('Hel')
  await expect(bob.row('Ada')).toContainText('typing…')
  await expect(bob.page.getByText('Ada is typing…')).toBeVisible()
  // One's own typing is no news.
  await expect(ada.page.getByText('Ada is typing…')).toBeHidden()

  await ada.messageBox.press('Enter')
  await expect(bob.line('Hel')).toBeVisible()
  await expect(bob.row('Ada')).toContainText('Online')
  await expect(bob.page.getByText('Ada is typing…')).toBeHidden()
})

test('typing ends by itself after a pause', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.row('Ada')).toBeVisible()
  await ada.messageBox.pressSequentially('Hm')
  await expect(bob.row('Ada')).toContainText('typing…')
  await expect(bob.row('Ada')).toContainText('Online', { timeout: 10_000 })
})

test('a new name is known to everybody at once', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.row('Ada')).toBeVisible()

  await ada.page.getByRole('button', { name: /^Your status/ }).click()
  await ada.page.getByRole('menuitem', { name: 'Change name…' }).click()
  const dialog = ada.page.getByRole('dialog', { name: 'Change your name' })
  await dialog.getByRole('textbox', { name: 'Your name' }).fill('Countess')
  await dialog.getByRole('button', { name: 'Save' }).click()

  await expect(dialog).toBeHidden()
  await expect(bob.row('Countess')).toBeVisible()
  await expect(bob.rows()).toHaveCount(2)
})
