import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Fence } from './markdown'

/*
 * A session in a page, played against a real server and compared frame by frame:
 *
 *   A opens ws://127.0.0.1:9090/socket?user_id=ada as rollcall.v1
 *   A > [null,"1","rollcall","hello",{}]       A sends this text
 *   A < [null,"1","rollcall","phx_reply",…]    the next frame that A gets
 *   A closes                                   A's client goes away, orderly
 *   A is cut off                               A's connection breaks, without a close frame
 *   A < closed 1000 goodbye                    the server closes A's connection
 *
 * Ids, digests and times differ from run to run. What a page calls one of them stands for one and the same value
 * through the whole session, also in what a client sends; everything else must be equal.
 */

export type Step =
  | {
      readonly kind: 'open'
      readonly who: string
      readonly path: string
      readonly subprotocol: string | null
    }
  | { readonly kind: 'send'; readonly who: string; readonly text: string }
  | { readonly kind: 'receive'; readonly who: string; readonly frame: unknown }
  | { readonly kind: 'closed'; readonly who: string; readonly code: number; readonly reason: string }
  | { readonly kind: 'close'; readonly who: string; readonly isOrderly: boolean }

export function parseSession(fence: Fence): Step[] {
  return fence.text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, who = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? []
      const open = /^opens ws:\/\/[^/]+(\/\S*)(?: as (\S+))?$/.exec(rest)
      if (open) return { kind: 'open', who, path: open[1] ?? '/', subprotocol: open[2] ?? null }
      const closed = /^< closed (\d+) ?(.*)$/.exec(rest)
      if (closed) return { kind: 'closed', who, code: Number(closed[1]), reason: closed[2] ?? '' }
      if (rest.startsWith('< ')) return { kind: 'receive', who, frame: JSON.parse(rest.slice(2)) }
      if (rest.startsWith('> ')) return { kind: 'send', who, text: rest.slice(2) }
      if (rest === 'closes' || rest === 'is cut off')
        return { kind: 'close', who, isOrderly: rest === 'closes' }
      throw new Error(`A session has no line such as "${line}".`)
    })
}

/** Milliseconds after which a frame that was to come counts as not coming. */
const PATIENCE_MS = 5000
/** Milliseconds in which a frame that was not to come would have come. */
const QUIET_MS = 80

/** Plays a session. Throws where the server says something else, more, or less than the page. */
export async function playSession(steps: readonly Step[], port: number): Promise<void> {
  const speakers = new Map<string, Speaker>()
  const names = new Names()
  const speaker = (who: string): Speaker => {
    const found = speakers.get(who)
    if (!found) throw new Error(`${who} has not opened a connection.`)
    return found
  }
  try {
    for (const step of steps) {
      switch (step.kind) {
        case 'open':
          speakers.set(step.who, await Speaker.open(`ws://127.0.0.1:${port}${step.path}`, step.subprotocol))
          break
        case 'send':
          speaker(step.who).socket.send(names.translate(step.text))
          break
        case 'receive': {
          const actual = await speaker(step.who).next(`${step.who} < ${JSON.stringify(step.frame)}`)
          const difference = names.difference(step.frame, actual, '')
          if (difference) {
            throw new Error(
              `The page says:   ${step.who} < ${JSON.stringify(step.frame)}\nthe server says: ${step.who} < ${JSON.stringify(actual)}\n${difference}`,
            )
          }
          break
        }
        case 'closed': {
          const closed = await speaker(step.who).next(`${step.who} < closed ${step.code}`)
          const expected = `closed ${step.code} ${step.reason}`
          if (closed !== expected)
            throw new Error(`${step.who}: ${JSON.stringify(closed)} instead of ${expected}`)
          break
        }
        case 'close':
          await speaker(step.who).close(step.isOrderly)
          speakers.delete(step.who)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    for (const [who, { unread }] of speakers) {
      if (unread.length > 0) throw new Error(`${who} got more than the page says: ${JSON.stringify(unread)}`)
    }
  } finally {
    for (const { socket } of speakers.values()) socket.terminate()
  }
}

class Speaker {
  readonly unread: unknown[] = []
  readonly socket: WebSocket
  #wake = () => {}

  static async open(url: string, subprotocol: string | null): Promise<Speaker> {
    const speaker = new Speaker(subprotocol === null ? new WebSocket(url) : new WebSocket(url, subprotocol))
    await once(speaker.socket, 'open')
    return speaker
  }

  private constructor(socket: WebSocket) {
    this.socket = socket
    const push = (item: unknown) => {
      this.unread.push(item)
      this.#wake()
    }
    socket.on('message', (data) => push(JSON.parse(String(data))))
    socket.on('close', (code, reason) => push(`closed ${code} ${reason}`))
  }

  async next(awaited: string): Promise<unknown> {
    if (this.unread.length === 0) {
      const timer = setTimeout(() => this.#wake(), PATIENCE_MS)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      clearTimeout(timer)
    }
    if (this.unread.length === 0) throw new Error(`The server never said: ${awaited}`)
    return this.unread.shift()
  }

  async close(isOrderly: boolean): Promise<void> {
    if (isOrderly) this.socket.close()
    else this.socket.terminate()
    await once(this.socket, 'close')
  }
}

/** What in a page stands for a value that another run has another of. */
class Names {
  readonly #actualOf = new Map<string, string>()
  readonly #saidOf = new Map<string, string>()

  /** A text of the page, with the values that its names stand for. */
  translate(text: string): string {
    let translated = text
    for (const [name, value] of this.#actualOf) {
      const [said, actual] = [name, value].map((entry) => entry.slice(entry.indexOf(' ') + 1))
      translated = translated.replaceAll(`"${said}"`, `"${actual}"`)
    }
    return translated
  }

  /** Where the two differ, in words; null where they do not. */
  difference(said: unknown, actual: unknown, path: string): string | null {
    if (Array.isArray(said) && Array.isArray(actual)) {
      if (said.length !== actual.length) return `${path}: ${said.length} items, not ${actual.length}`
      return first(said.keys(), (index) => this.difference(said[index], actual[index], `${path}[${index}]`))
    }
    if (isObject(said) && isObject(actual)) {
      const [names, others] = [Object.keys(said), Object.keys(actual)]
      if (names.join() !== others.join()) return `${path}: the fields are ${others.join()}`
      return first(names, (name) =>
        varies(name, said)
          ? this.#renamed(said[name], actual[name], `${path}.${name}`)
          : this.difference(said[name], actual[name], `${path}.${name}`),
      )
    }
    return Object.is(said, actual) ? null : `${path}: ${JSON.stringify(actual)}`
  }

  #renamed(said: unknown, actual: unknown, path: string): string | null {
    if (typeof said !== typeof actual || (said === null) !== (actual === null))
      return `${path}: ${JSON.stringify(actual)}`
    // Milliseconds that are left of something: another number at each look.
    if (/\.(settling_ms|expires_in_ms)$/.test(path)) return null
    // With its field's name: two kinds of values may look the same.
    const kind = path.replace(/.*\./, '').replace('_prev', '')
    const name = `${kind} ${said}`
    const value = `${kind} ${actual}`
    const [known, knownName] = [this.#actualOf.get(name), this.#saidOf.get(value)]
    if (known !== undefined && known !== value)
      return `${path}: ${said} was ${known} before, and is ${value} now`
    if (knownName !== undefined && knownName !== name)
      return `${path}: ${actual} was called ${knownName} before`
    this.#actualOf.set(name, value)
    this.#saidOf.set(value, name)
    return null
  }
}

function varies(name: string, owner: Record<string, unknown>): boolean {
  if (name === 'ref') return 'key' in owner || 'rev' in owner
  return [
    'phx_ref',
    'phx_ref_prev',
    'epoch',
    'digest',
    'session',
    'token',
    'settling_ms',
    'expires_in_ms',
    'joined_at',
  ].includes(name)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function first<T>(items: Iterable<T>, find: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = find(item)
    if (found) return found
  }
  return null
}
