import { type BrowserContext, type BrowserContextOptions, test as base } from '@playwright/test'
import { ReferenceServer } from './reference-server'
import { TcpProxy } from './tcp-proxy'
import { Visitor } from './visitor'

interface Arrival extends BrowserContextOptions {
  /** Where to; the server itself unless given. */
  readonly url?: string
  /** The room in the address. */
  readonly room?: string
}

interface Fixtures {
  /** A server of this test's own. */
  readonly server: ReferenceServer
  /** A cable to it that can be pulled. */
  readonly cable: TcpProxy
  /** Somebody new, in a browser of their own, signed in. */
  readonly arrive: (name: string, arrival?: Arrival) => Promise<Visitor>
}

export { expect } from '@playwright/test'

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its first parameter.
  server: async ({}, use) => {
    const server = await ReferenceServer.start()
    await use(server)
    await server.kill()
  },

  cable: async ({ server }, use) => {
    const cable = await TcpProxy.start(server.port)
    await use(cable)
    await cable.cut()
  },

  arrive: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = []
    await use(async (name, { url = server.url, room, ...options } = {}) => {
      const context = await browser.newContext(options)
      contexts.push(context)
      const visitor = new Visitor(await context.newPage(), name)
      await visitor.page.goto(room === undefined ? url : `${url}#${room}`)
      await visitor.signIn()
      return visitor
    })
    for (const context of contexts) await context.close()
  },
})
