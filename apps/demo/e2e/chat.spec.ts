import { answerInstead } from './support/answer-instead'
import { expect, test } from './support/test'

test('what one says the other reads, once, and both know by whom', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.rows()).toHaveCount(2)

  await ada.say('Hello Bob')
  await ada.say('How are you?')
  await expect(bob.line('How are you?')).toBeVisible()
  await bob.say('Fine: https://example.org/a.')

  await expect(ada.line('Fine:')).toBeVisible()
  await expect(ada.page.getByRole('link', { name: 'https://example.org/a' })).toHaveAttribute(
    'rel',
    /noopener/,
  )
  await expect(ada.line('Hello Bob')).toHaveCount(1)
  // Two messages in a row are one group: the author is named once.
  await expect(bob.log.getByText('Ada', { exact: true })).toHaveCount(1)
  await expect(ada.log.getByText('sending…')).toHaveCount(0)
})

test('a new line with Shift, markup as text, nothing for an empty message', async ({ arrive }) => {
  const ada = await arrive('Ada')
  await expect(ada.rows()).toHaveCount(1)
  await ada.messageBox.press('Enter')
  await ada.say('   ')
  await expect(ada.page.getByRole('heading', { name: 'Only you so far' })).toBeVisible()

  await ada.messageBox.fill('')
  await ada.messageBox.pressSequentially('<b>one</b>')
  await ada.messageBox.press('Shift+Enter')
  await ada.messageBox.pressSequentially('two')
  await ada.messageBox.press('Enter')
  await expect(ada.line(/<b>one<\/b>\s+two/)).toBeVisible()
  await expect(ada.messageBox).toHaveValue('')
})

test('a message that is too long is told, kept, and not sent', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  await expect(bob.rows()).toHaveCount(2)

  await ada.messageBox.fill('x'.repeat(1_990))
  await expect(ada.page.getByText('10 characters left')).toBeVisible()
  await ada.messageBox.fill('x'.repeat(2_003))
  await expect(ada.page.getByRole('alert').filter({ hasText: '3 characters too many' })).toContainText('2000')
  await ada.messageBox.press('Enter')
  await expect(ada.messageBox).toHaveValue('x'.repeat(2_003))
  await expect(ada.messageBox).toHaveAttribute('aria-invalid', 'true')

  await ada.messageBox.fill('x'.repeat(2_000))
  await ada.messageBox.press('Enter')
  await expect(bob.line('x'.repeat(2_000))).toBeVisible()
})

test('a message that was not sent says why, and is sent again or given up', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob')
  let isFailing = true
  await answerInstead(ada.page, ({ event }) => (event === 'message' && isFailing ? 'Quiet, please.' : null))
  await ada.page.reload()
  await expect(ada.rows()).toHaveCount(2)

  await ada.say('First')
  await ada.say('Second')
  const failed = ada.log.getByText(/^Not sent\..*Quiet, please\.$/)
  await expect(failed).toHaveCount(2)
  await ada.page.getByRole('button', { name: 'Discard the message' }).first().click()
  await expect(ada.line('First')).toHaveCount(0)
  await ada.page.getByRole('button', { name: 'Try again' }).click()
  await expect(failed).toHaveCount(1)

  isFailing = false
  await ada.page.getByRole('button', { name: 'Try again' }).click()
  await expect(failed).toHaveCount(0)
  await expect(bob.line('Second')).toHaveCount(1)
  await expect(ada.line('Second')).toHaveCount(1)
  await expect(bob.line('First')).toHaveCount(0)
})

test('who reads further up is not torn away, and finds what is new', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const bob = await arrive('Bob', { viewport: { width: 1000, height: 420 } })
  await expect(ada.rows()).toHaveCount(2)
  for (let i = 1; i <= 6; i++) await ada.say(`Verse ${i}\n${'and so on\n'.repeat(4)}end of ${i}`)
  await expect(bob.line('end of 6')).toBeInViewport()

  const conversation = bob.page.getByRole('region', { name: 'Conversation in Lobby' })
  await conversation.hover()
  await bob.page.mouse.wheel(0, -5_000)
  await expect(bob.line('Verse 1')).toBeInViewport()

  await ada.say('Are you there?')
  const news = bob.page.getByRole('button', { name: '1 new message' })
  await expect(news).toBeVisible()
  await expect(bob.page).toHaveTitle('(1) Lobby · Rollcall')
  await expect(bob.line('Are you there?')).not.toBeInViewport()
  await expect(bob.line('Verse 1')).toBeInViewport()

  await news.click()
  await expect(bob.line('Are you there?')).toBeInViewport()
  await expect(bob.log.getByText('New', { exact: true })).toBeVisible()
  await expect(bob.page).toHaveTitle('Lobby · Rollcall')
  await expect(news).toBeHidden()
})
