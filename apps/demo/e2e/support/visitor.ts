import type { Locator, Page } from '@playwright/test'

/** Somebody in front of a page of the demo, in the words that a screen reader would use. */
export class Visitor {
  readonly page: Page
  readonly name: string
  readonly roster: Locator
  readonly log: Locator
  readonly messageBox: Locator

  constructor(page: Page, name: string) {
    this.page = page
    this.name = name
    this.roster = page.getByRole('list', { name: 'People in this room' })
    this.log = page.getByRole('log', { name: 'Messages' })
    this.messageBox = page.getByRole('textbox', { name: /^Message to / })
  }

  /** Goes through the first visit and waits to be in the room. */
  async signIn(): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name)
    await this.page.getByRole('button', { name: 'Sign the register' }).click()
    await this.messageBox.waitFor()
  }

  /** Somebody's row in the roster. */
  row(name: string): Locator {
    return this.roster.getByRole('listitem').filter({ hasText: name })
  }

  rows(): Locator {
    return this.roster.getByRole('listitem')
  }

  /** One message, or comings and goings, by their text. */
  line(text: string | RegExp): Locator {
    return this.log.getByText(text)
  }

  async say(text: string): Promise<void> {
    await this.messageBox.fill(text)
    await this.messageBox.press('Enter')
  }

  async chooseStatus(status: 'Online' | 'Away' | 'Busy'): Promise<void> {
    await this.page.getByRole('button', { name: /^Your status/ }).click()
    await this.page.getByRole('menuitemradio', { name: status }).click()
  }

  /** Begins to note the fewest rows that the roster ever shows from now on. */
  async watchRoster(): Promise<() => Promise<number>> {
    await this.page.evaluate(() => {
      const count = () => document.querySelectorAll('ul[aria-label="People in this room"] > li').length
      const watched = window as unknown as { fewestRows: number }
      watched.fewestRows = count()
      new MutationObserver(() => {
        watched.fewestRows = Math.min(watched.fewestRows, count())
      }).observe(document.body, { childList: true, subtree: true })
    })
    return () => this.page.evaluate(() => (window as unknown as { fewestRows: number }).fewestRows)
  }
}
