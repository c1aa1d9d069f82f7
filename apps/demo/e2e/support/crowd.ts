import type { Page } from '@playwright/test'
import { createFakeServer, type FakeServer } from '@rollcall/client/testing'

/** Answers a page's WebSockets with a server in memory, in which any number of people can be present at once. */
export async function fakeServerFor(page: Page): Promise<FakeServer> {
  const server = createFakeServer()
  await page.routeWebSocket(/\/socket/, (near) => {
    const link = server.transport(near.url(), null, {
      onOpen: () => {},
      onFrame: (frame) => near.send(typeof frame === 'string' ? frame : Buffer.from(frame)),
      onClose: (code, reason) => near.close({ code, reason }),
    })
    near.onMessage((frame) => link.send(frame))
    near.onClose(() => link.abandon())
  })
  return server
}
