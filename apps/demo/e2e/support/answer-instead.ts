import type { Page } from '@playwright/test'

/** What a page says to the server in one frame. */
export interface Said {
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

/**
 * Stands between a page and its server from the next connection on: what `refuse` returns a sentence for is refused
 * with it in the server's place, everything else passes.
 */
export async function answerInstead(page: Page, refuse: (said: Said) => string | null): Promise<void> {
  await page.routeWebSocket(/\/socket/, (near) => {
    const far = near.connectToServer()
    near.onMessage((frame) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(String(frame)) as [
        unknown,
        unknown,
        string,
        string,
        unknown,
      ]
      const message = refuse({ topic, event, payload })
      if (message === null) return far.send(frame)
      const response = { reason: 'unauthorized', message }
      near.send(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'error', response }]))
    })
  })
}
