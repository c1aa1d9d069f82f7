import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type LaunchOptions } from '@playwright/test'
import WebSocket from 'ws'

/** How long Chromium has to start and to answer a command, in milliseconds. */
const TIMEOUT_MS = 20_000

/**
 * Chromium without Playwright, steered by the devtools protocol alone. Playwright pretends for each of its pages that it
 * has the focus, and a page with the focus cannot be frozen.
 */
export class Devtools {
  readonly #browser: ChildProcess
  readonly #folder: string
  readonly #socket: WebSocket
  #lastId = 0

  private constructor(browser: ChildProcess, folder: string, socket: WebSocket) {
    this.#browser = browser
    this.#folder = folder
    this.#socket = socket
  }

  /** Starts it with one page. */
  static async open(url: string, { executablePath, args = [] }: LaunchOptions): Promise<Devtools> {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-chromium-'))
    const own = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`]
    const browser = spawn(executablePath ?? chromium.executablePath(), [...args, ...own, url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const port = await portOf(browser)
    const socket = new WebSocket(await pageAt(port))
    await once(socket, 'open', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return new Devtools(browser, folder, socket)
  }

  /** Resolves with the answer, within {@link TIMEOUT_MS}. */
  async send(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    this.#socket.send(JSON.stringify({ id, method, params }))
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    for (;;) {
      const [data] = await once(this.#socket, 'message', { signal })
      const answer = JSON.parse(String(data)) as {
        id?: number
        error?: { message: string }
        result?: unknown
      }
      if (answer.id !== id) continue
      if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
      return answer.result
    }
  }

  async close(): Promise<void> {
    this.#socket.terminate()
    const exit = once(this.#browser, 'exit')
    this.#browser.kill('SIGKILL')
    await exit
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The port on which it listens, as it says on its way up. */
async function portOf({ stderr }: ChildProcess): Promise<string> {
  let said = ''
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  for (;;) {
    const [chunk] = stderr === null ? [] : await once(stderr, 'data', { signal })
    said += String(chunk)
    const port = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1]
    if (port !== undefined) return port
  }
}

/** The address for the commands of the one page. */
async function pageAt(port: string): Promise<string> {
  const deadline = Date.now() + TIMEOUT_MS
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`)
    const targets = (await response.json()) as { type: string; webSocketDebuggerUrl: string }[]
    const page = targets.find(({ type }) => type === 'page')
    if (page) return page.webSocketDebuggerUrl
    if (Date.now() > deadline) throw new Error('Chromium has no page.')
  }
}
