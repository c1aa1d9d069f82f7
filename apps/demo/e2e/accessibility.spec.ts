import { expect, test } from './support/test'

test('the page has its landmarks, one first heading, and a name on everything that acts', async ({
  arrive,
}) => {
  const ada = await arrive('Ada')
  const { page } = ada
  await expect(ada.rows()).toHaveCount(1)
  await expect(page.getByRole('main')).toHaveCount(1)
  await expect(page.getByRole('navigation', { name: 'Rooms' })).toBeVisible()
  await expect(page.getByRole('complementary', { name: 'People' })).toBeVisible()
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
  await expect(ada.log).toHaveAttribute('aria-live', 'polite')

  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], input, textarea')]
      .filter((element) => {
        const labelled = element.getAttribute('aria-label') ?? element.textContent?.trim()
        return !labelled && !(element as HTMLInputElement).labels?.length
      })
      .map((element) => element.outerHTML),
  )
  expect(nameless).toEqual([])
  const doubles = await page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    return ids.filter((id, index) => ids.indexOf(id) !== index)
  })
  expect(doubles).toEqual([])
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
})

test('the status menu works by keyboard alone', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const button = ada.page.getByRole('button', { name: /^Your status/ })
  const menu = ada.page.getByRole('menu', { name: 'Your status' })
  const item = (name: string) => menu.getByRole('menuitemradio', { name })

  await button.focus()
  await button.press('Enter')
  await expect(item('Online')).toBeFocused()
  await expect(item('Online')).toBeChecked()
  await ada.page.keyboard.press('ArrowDown')
  await expect(item('Away')).toBeFocused()
  await ada.page.keyboard.press('End')
  await expect(menu.getByRole('menuitem', { name: 'Change name…' })).toBeFocused()
  await ada.page.keyboard.press('ArrowDown')
  await expect(item('Online')).toBeFocused()
  await ada.page.keyboard.press('Escape')
  await expect(menu).toBeHidden()
  await expect(button).toBeFocused()

  await button.press('ArrowUp')
  await ada.page.keyboard.press('End')
  await ada.page.keyboard.press('ArrowUp')
  await ada.page.keyboard.press('Enter')
  await expect(ada.row('Ada')).toContainText('Busy')
  await expect(button).toBeFocused()
})

test('a dialog keeps the focus, closes on Esc, and gives the focus back', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const button = ada.page.getByRole('button', { name: /^Your status/ })
  await button.click()
  await ada.page.getByRole('menuitem', { name: 'Change name…' }).click()
  const dialog = ada.page.getByRole('dialog', { name: 'Change your name' })
  await expect(dialog.getByRole('textbox', { name: 'Your name' })).toBeFocused()
  for (let i = 0; i < 8; i++) {
    await ada.page.keyboard.press('Tab')
    const isInside = await dialog.evaluate(
      (box) => box.contains(document.activeElement) || document.activeElement === document.body,
    )
    expect(isInside).toBe(true)
  }
  await ada.page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(button).toBeFocused()
  await expect(ada.row('Ada')).toBeVisible()
})

test('Tab goes from the skip link to the rooms, oneself, the room, the message', async ({ arrive }) => {
  const ada = await arrive('Ada')
  const { page } = ada
  const skip = page.getByRole('button', { name: 'Skip to the message box' })
  await skip.focus()
  const stops: string[] = []
  for (let i = 0; i < 20 && !stops.at(-1)?.startsWith('Message to'); i++) {
    await page.keyboard.press('Tab')
    stops.push(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''))
  }
  expect(stops).toEqual([
    'Lobby, 1 person',
    'Library',
    'Workshop',
    'Garden',
    'Open another room',
    'Open the room',
    'Your status: Online',
    'Switch to the dark theme',
    'Copy the link to this room',
    'Conversation in Lobby',
    'Message to Lobby',
  ])

  await skip.focus()
  await expect(skip).toBeInViewport()
  await page.keyboard.press('Enter')
  await expect(ada.messageBox).toBeFocused()
})

test('the theme follows the system until it is chosen, and the choice stays', async ({ arrive }) => {
  const ada = await arrive('Ada', { colorScheme: 'dark' })
  const paper = () => ada.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await paper()
  await ada.page.getByRole('button', { name: 'Switch to the light theme' }).click()
  await expect.poll(paper).not.toBe(dark)
  const light = await paper()
  await ada.page.reload()
  await expect(ada.messageBox).toBeVisible()
  expect(await paper()).toBe(light)
  await ada.page.emulateMedia({ colorScheme: 'light' })
  await ada.page.getByRole('button', { name: 'Switch to the dark theme' }).click()
  await expect.poll(paper).toBe(dark)
})

test('who asked for less motion gets none', async ({ arrive }) => {
  const ada = await arrive('Ada', { reducedMotion: 'reduce' })
  const bob = await arrive('Bob')
  await expect(ada.rows()).toHaveCount(2)
  await bob.messageBox.pressSequentially('Hm')
  await expect(ada.page.getByText('Bob is typing…')).toBeVisible()
  await expect.poll(() => ada.page.evaluate(() => document.getAnimations().length)).toBe(0)
})
