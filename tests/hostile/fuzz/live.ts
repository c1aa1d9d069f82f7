import {
  type Dialect,
  type DialectName,
  phoenixV1Dialect,
  phoenixV2ClientDialect,
  phoenixV2Dialect,
  rollcallDialect,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { clientFrame } from '../../../packages/server/src/testing-support/client-frames'
import { dial, dialTcp, RawPeer, refusalOf } from '../support/raw-peer'
import { Chance } from './chance'
import type { Vocabulary } from './client-grammar'
import { clientFrameOf } from './decoder-targets'
import { requestBytes } from './handshake-grammar'
import { anyText } from './json-text'
import { mutateBytes } from './mutate'
import { anyFrames } from './reader-target'

/*
 * Strangers at a server that lives, in episodes: one connects, says about twenty things of which most are nearly right,
 * and stays for a while. A dozen of them are there at a time, so that what they do meets. An episode is the same for the
 * same seed, but for the secrets that the server gives them.
 */

export interface LiveOptions {
  readonly port: number
  readonly seed: number
  /** The first episode, and how many inputs there are to be from it on. */
  readonly firstEpisode?: number
  readonly inputs: number
  readonly words: Vocabulary
  readonly onProgress?: (inputs: number) => void
}

export interface LiveResult {
  readonly inputs: number
  /** The one after the last that was played. */
  readonly nextEpisode: number
  /** What the server did that it must not, with the episode that it was seen in. */
  readonly violations: readonly string[]
}

/** Where each dialect is spoken. */
const DOORS: readonly (readonly [dialect: Dialect, path: string, subprotocol?: string])[] = [
  [rollcallDialect, '/socket', 'rollcall.v1'],
  [phoenixV2Dialect, '/socket/websocket?vsn=2.0.0'],
  [phoenixV1Dialect, '/socket/websocket'],
  [zzzDialect, '/socket'],
  [vixDialect, '/'],
]

const STAYING = 12
const MAX_VIOLATIONS = 20
/** Far more than an answer takes, and less than a test has. */
const PATIENCE_MS = 8000
/** How long an answer to what may be half a request is waited for, in milliseconds. */
const HALF_A_REQUEST_MS = 300

/** Codes with which a server may end the connection of a stranger. 1011 would say that it failed. */
const FAIR_CLOSES: readonly number[] = [
  1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1013, 4002, 4003, 4004,
]

/** Sends as many inputs as asked for, and ends all connections that it made. */
export async function fuzzLive(options: LiveOptions): Promise<LiveResult> {
  const stranger = new Strangers(options)
  return stranger.play()
}

class Strangers {
  readonly #options: LiveOptions
  readonly #violations: string[] = []
  readonly #staying: RawPeer[] = []
  readonly #requests = new Set<Promise<void>>()
  /** What the server has told them, to be told to it again. */
  readonly #tokens: string[] = []
  #inputs = 0
  #episode = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  async play(): Promise<LiveResult> {
    const { seed, inputs, firstEpisode = 0, onProgress } = this.#options
    this.#episode = firstEpisode
    try {
      for (; this.#inputs < inputs && this.#violations.length < MAX_VIOLATIONS; this.#episode++) {
        await this.#play(Chance.of(seed, this.#episode))
        onProgress?.(this.#inputs)
      }
    } catch (error) {
      this.#report(String(error))
    } finally {
      for (const peer of this.#staying) peer.destroy()
      await Promise.all(this.#requests)
    }
    return { inputs: this.#inputs, nextEpisode: this.#episode, violations: this.#violations }
  }

  #play(chance: Chance): Promise<void> {
    return chance.weighted<() => Promise<void>>([
      [12, () => this.#visit(chance)],
      [2, () => this.#request(chance)],
      [1, () => this.#poll(chance)],
    ])()
  }

  /** One connection over a WebSocket. */
  async #visit(chance: Chance): Promise<void> {
    const { port, words } = this.#options
    const [dialect, path, subprotocol] = chance.pick(DOORS)
    const peer = await dial({
      port,
      path: `${path}${path.includes('?') ? '&' : '?'}${query(chance, words)}`,
      ...(subprotocol === undefined ? {} : { subprotocol }),
      headers: chance.oneIn(3) ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {},
    })
    this.#inputs++
    if (!(peer instanceof RawPeer)) {
      // Only the query was odd, or too long for a head.
      if (peer.status !== 400 && peer.status !== 431)
        this.#report(`a handshake was answered with ${peer.status} ${peer.body}`)
      return
    }
    peer.onMessage = (text, isBinary) => this.#judge(dialect.name, text, isBinary)
    for (let left = 12 + chance.below(16); left > 0; left--) {
      this.#inputs++
      peer.write(this.#input(chance, dialect, words))
    }
    const isOpen = await peer.settled(PATIENCE_MS)
    if (peer.end && !FAIR_CLOSES.includes(peer.end.code))
      this.#report(`the connection ended with ${peer.end.code} ${peer.end.reason}`)
    if (!isOpen) return
    if (chance.oneIn(4)) {
      // Perhaps half a frame, for the rest of which the server waits: nothing is asked any more.
      this.#inputs++
      peer.write(chance.oneIn(2) ? anyFrames(chance) : mutateBytes(chance, anyFrames(chance)))
    }
    this.#staying.push(peer)
    if (this.#staying.length > STAYING) this.#go(chance)
  }

  #input(chance: Chance, dialect: Dialect, words: Vocabulary): Buffer {
    const tokens = this.#tokens.length > 0 ? [...words.tokens, ...this.#tokens] : words.tokens
    const frame = clientFrameOf(chance, dialect, { ...words, tokens })
    const payload = Buffer.from(frame as string)
    return clientFrame({ opcode: typeof frame === 'string' ? 1 : 2, payload })
  }

  /** The one who has been there longest leaves, in some way. */
  #go(chance: Chance): void {
    const peer = this.#staying.shift()
    if (!peer) return
    chance.pick<() => void>([
      () => peer.destroy(),
      () => peer.close(chance.pick([1000, 1001, 4000, 4005, 4006])),
      () => peer.socket.end(clientFrame({ opcode: 1, payload: Buffer.from('[null,') }).subarray(0, 9)),
      () => peer.socket.resetAndDestroy(),
    ])()
    // Nobody waits for the rest of a peer that closes: the server's own time for it is bounded.
    peer.socket.setTimeout(PATIENCE_MS, () => peer.destroy())
  }

  /** The bytes of a request, or of none, over a connection of its own. */
  async #request(chance: Chance): Promise<void> {
    this.#inputs++
    const bytes = requestBytes(chance)
    const episode = this.#episode
    const answered = this.#answerTo(bytes).then((answer) => {
      const { status } = refusalOf(answer)
      if (answer !== '' && !answer.startsWith('HTTP/1.'))
        this.#report(`no answer of HTTP: ${answer.slice(0, 80)}`, episode)
      if (status >= 500 && status !== 503)
        this.#report(`a request was answered with ${answer.slice(0, 300)}`, episode)
      this.#requests.delete(answered)
    })
    this.#requests.add(answered)
    if (this.#requests.size > 32) await Promise.race(this.#requests)
  }

  async #answerTo(bytes: Buffer): Promise<string> {
    const socket = await dialTcp(this.#options)
    return new Promise((resolve) => {
      let answer = ''
      socket.setTimeout(HALF_A_REQUEST_MS, () => socket.destroy())
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1')
      })
      socket.on('close', () => resolve(answer))
      socket.end(bytes)
    })
  }

  /** One session of Phoenix's long poll. */
  async #poll(chance: Chance): Promise<void> {
    const { port, words } = this.#options
    const address = `http://127.0.0.1:${port}/socket/longpoll?vsn=${chance.pick(['2.0.0', '1.0.0'])}`
    const { token } = await this.#fetch(`${address}&${query(chance, words)}`, { method: 'GET' })
    this.#inputs++
    if (typeof token !== 'string') return
    this.#remember(token)
    for (let left = 4 + chance.below(5); left > 0; left--) {
      this.#inputs++
      const lines = Array.from({ length: 1 + chance.below(3) }, () => {
        const frame = clientFrameOf(chance, phoenixV2Dialect, words)
        return typeof frame === 'string' ? frame : Buffer.from(frame).toString('base64')
      })
      const body = chance.oneIn(10) ? chance.bytes(chance.length()) : Buffer.from(lines.join('\n'))
      const headers = { 'content-type': chance.oneIn(6) ? anyType(chance) : 'application/x-ndjson' }
      await this.#fetch(`${address}&token=${token}`, { method: 'POST', body: new Uint8Array(body), headers })
    }
    // Its answer waits already.
    const heartbeat = JSON.stringify([null, '1', 'phoenix', 'heartbeat', {}])
    await this.#fetch(`${address}&token=${token}`, { method: 'POST', body: heartbeat })
    await this.#fetch(`${address}&token=${token}`, { method: 'GET' })
  }

  async #fetch(url: string, init: RequestInit): Promise<Record<string, unknown>> {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) })
    const body = (await response.json()) as Record<string, unknown>
    const isFair =
      [200, 400, 413].includes(response.status) &&
      [200, 204, 400, 403, 410, 413].includes(Number(body.status))
    if (!isFair) this.#report(`a long poll was answered with ${response.status} ${JSON.stringify(body)}`)
    return body
  }

  /** What the server says is what the dialect has words for, and never that it has failed. */
  #judge(dialect: DialectName, text: string, isBinary: boolean): void {
    const frame = isBinary ? Buffer.from(text, 'latin1') : text
    const decoded =
      dialect === 'rollcall'
        ? rollcallDialect.decodeServer(frame)
        : phoenixV2ClientDialect.decodeServer(frame)
    if ((dialect === 'rollcall' || dialect === 'phoenix-v2') && !decoded.ok)
      this.#report(`a frame in ${dialect} that no client reads: ${text.slice(0, 200)}`)
    if (isBinary) return
    const message: unknown = JSON.parse(text)
    if (/"reason":"(handler_failed|handler_timeout|store_unavailable)"/.test(text))
      this.#report(`the server failed: ${text.slice(0, 300)}`)
    const [, token] = /^\[null,[^,]*,"rollcall","phx_reply",.*"token":"([^"]+)"/.exec(text) ?? []
    if (Array.isArray(message) && token !== undefined) this.#remember(token)
  }

  #remember(token: string): void {
    this.#tokens.push(token)
    if (this.#tokens.length > 20) this.#tokens.shift()
  }

  #report(what: string, episode = this.#episode): void {
    this.#violations.push(`${what}\nnpm run soak -- --fuzz-replay=live:${this.#options.seed}:${episode}`)
  }
}

function query(chance: Chance, { keys, topics }: Vocabulary): string {
  const params = new URLSearchParams()
  if (!chance.oneIn(3)) params.append('user_id', chance.oneIn(6) ? anyText(chance) : chance.pick(keys))
  if (chance.oneIn(8)) params.append('topic', chance.oneIn(2) ? anyText(chance) : chance.pick(topics))
  if (chance.oneIn(12)) params.append(anyText(chance), anyText(chance))
  return params.toString()
}

function anyType(chance: Chance): string {
  return chance.pick([
    'application/json',
    'text/plain',
    'application/x-ndjson; charset=utf-16',
    'multipart/form-data',
  ])
}
