import { createServer as createHttp, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Socket } from '@rollcall/client'
import { createServer, type Logger } from '@rollcall/server'
import { build } from 'vite'

/** How long a session outlives its connection here, in milliseconds. */
export const GRACE_MS = 2_000
export const PAGE_GRACE_MS = 600

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('./bare-page.ts', import.meta.url))
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'page' } },
  })
  const outputs = (Array.isArray(built) ? built : [built]) as { output: { code?: string }[] }[]
  return outputs[0]?.output[0]?.code ?? ''
}

/** A server in this process, with bare pages, and somebody in the room who notes who comes and goes. */
export class BareSite {
  readonly url: string
  /** The codes with which connections of pages closed, oldest first. */
  readonly closeCodes: number[] = []
  /** What was seen in the room, such as `ada joins`. */
  readonly seen: string[] = []
  readonly #close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async start(): Promise<BareSite> {
    const code = await bundle()
    const http = createHttp(({ url = '/' }, response) => answer(url, response, code))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const site = new BareSite(`http://127.0.0.1:${port}`, async () => {
      await watcher.disconnect()
      await server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    })
    const logger: Logger = {
      debug: (fields, message) => {
        const { code } = fields as { code?: number }
        if (message === 'connection closed' && code !== undefined) site.closeCodes.push(code)
      },
      info: () => {},
      warn: () => {},
      error: (fields, message) => site.seen.push(`error: ${message} ${JSON.stringify(fields)}`),
    }
    const server = createServer({
      server: http,
      mode: 'development',
      logger,
      grace: { graceMs: GRACE_MS, pageGraceMs: PAGE_GRACE_MS },
    })
    const watcher = new Socket(`ws://127.0.0.1:${port}/socket`, { params: { user_id: 'watcher' } })
    watcher.connect()
    const room = watcher.channel('room:1', { meta: {} })
    await room.join()
    room.presence.on('join', ({ key }) => site.seen.push(`${key} joins`))
    room.presence.on('leave', ({ key }, reason) => site.seen.push(`${key} leaves: ${reason}`))
    return site
  }

  close(): Promise<void> {
    return this.#close()
  }
}

function answer(url: string, response: ServerResponse, code: string): void {
  if (url === '/page.js') return void response.setHeader('content-type', 'text/javascript').end(code)
  response.setHeader('content-type', 'text/html')
  if (url === '/elsewhere') return void response.end('<!doctype html><title>elsewhere</title>')
  const frame = url.startsWith('/framed') ? '<iframe src="/?u=inner"></iframe>' : ''
  response.end(`<!doctype html><title>page</title><script src="/page.js"></script>${frame}`)
}
