import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type ServerOptions } from '@rollcall/server'
import { continuityOf, type Position, PresenceSet, rollcallDialect } from '@rollcall/shared-protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'

/*
 * Clients that stop reading, over real sockets, in a topic with others who go on. What the operating system takes
 * for them is not ours to say, so everything here goes on until enough waits in the server.
 */

const topic = 'room:lobby'
const SOFT_BYTES = 65_536
/** Presences that change at once, and how large each is: a diff has about the soft limit. */
const CHANGING = 16
const META_BYTES = 4000

interface Warning {
  readonly context: object
  readonly message: string
}

async function start(options: ServerOptions = {}) {
  const http = createHttpServer()
  const sockets: Socket[] = []
  http.on('connection', (socket) => sockets.push(socket))
  const warnings: Warning[] = []
  const server = createServer({
    server: http,
    limits: { metaBytes: 2 * META_BYTES },
    flush: { ceilingMs: 20 },
    logger: {
      debug() {},
      info() {},
      warn: (context: object, message: string) => void warnings.push({ context, message }),
      error() {},
    },
    ...options,
  })
  onTestFinished(async () => {
    await server.close()
    http.close()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  for (let i = 0; i < CHANGING; i++) server.registry.track(`bot ${i}`, topic, `bot ${i}`, { n: 0 })
  /** One change of all the bots. */
  const change = (n: number) => {
    const text = 'x'.repeat(META_BYTES)
    for (let i = 0; i < CHANGING; i++) server.registry.update(`bot ${i}`, topic, { n, text })
  }
  return { server, port, sockets, warnings, change }
}

/** A client that keeps the map by the protocol's rules, and notes where they are broken. */
class Reader {
  readonly socket: WebSocket
  readonly set = new PresenceSet()
  readonly problems: string[] = []
  readonly events: unknown[] = []
  states = 0
  closedWith: number | null = null
  #position: Position | null = null

  constructor(port: number, name: string) {
    // Uncompressed, so that it takes no more than needed to fill what the operating system takes.
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/socket?user_id=${name}`, 'rollcall.v1', {
      perMessageDeflate: false,
    })
    this.socket.on('message', (data) => this.#read(String(data)))
    this.socket.on('close', (code) => {
      this.closedWith = code
    })
    this.socket.on('error', (error) => this.problems.push(error.message))
    onTestFinished(() => this.socket.terminate())
  }

  /** Resolves once it has joined and holds the state. */
  async join(): Promise<this> {
    await once(this.socket, 'open')
    this.socket.send(JSON.stringify(['1', '1', topic, 'phx_join', { meta: {} }]))
    await expect.poll(() => this.states, { timeout: 10_000 }).toBeGreaterThan(0)
    return this
  }

  /** The `n` that the bots have on its map. */
  get shows(): readonly unknown[] {
    return [...this.set.presences()].filter(({ key }) => key.startsWith('bot')).map(({ meta }) => meta.n)
  }

  shownAll(n: number): boolean {
    const { shows } = this
    return shows.length === CHANGING && shows.every((shown) => shown === n)
  }

  #read(text: string): void {
    const decoded = rollcallDialect.decodeServer(text)
    if (!decoded.ok) return void this.problems.push(decoded.fault.message)
    const message = decoded.value
    if (message.kind === 'event') this.events.push(message.payload)
    else if (message.kind === 'state') {
      const { epoch, seq, presences } = message.snapshot
      this.states++
      this.set.replace(presences)
      this.#position = { epoch, seq }
    } else if (message.kind === 'diff') {
      const { diff } = message
      if (continuityOf(this.#position, diff) !== 'apply') this.problems.push(`a gap before ${diff.seq}`)
      this.set.apply(diff)
      this.#position = { epoch: diff.epoch, seq: diff.seq }
      if (this.set.digest !== diff.digest) this.problems.push(`the digest of ${diff.seq} differs`)
    }
  }
}

const crowd = (port: number, count: number, name: string) =>
  Promise.all(Array.from({ length: count }, (_, i) => new Reader(port, `${name}-${i}`).join()))

const waiting = (sockets: readonly Socket[]) => sockets.map(({ writableLength }) => writableLength)

describe('[S-9] clients that stop reading', () => {
  test('a hundred of them: a hundred others see every change in time, little waits, and they catch up', {
    timeout: 120_000,
  }, async () => {
    const { server, port, sockets, warnings, change } = await start()
    const good = await crowd(port, 100, 'good')
    const goodSockets = sockets.slice()
    const slow = await crowd(port, 100, 'slow')
    const slowSockets = sockets.slice(goodSockets.length)
    for (const { socket } of slow) socket.pause()

    const delaysMs: number[] = []
    let n = 0
    let most = 0
    const clogged = () => slowSockets.filter(({ writableLength }) => writableLength > SOFT_BYTES).length
    // As long again after all are clogged: what is sent to them now would pile up.
    for (let more = 20; more > 0; ) {
      change(++n)
      const startedMs = performance.now()
      await expect
        .poll(() => good.every((reader) => reader.shownAll(n)), { timeout: 20_000, interval: 5 })
        .toBe(true)
      delaysMs.push(performance.now() - startedMs)
      most = Math.max(most, ...waiting(slowSockets))
      if (clogged() === slow.length) more--
      expect(n).toBeLessThan(500)
    }
    // Below the limit a diff is queued once more, and each has about as much as the limit.
    expect(most).toBeLessThan(4 * SOFT_BYTES)
    expect(Math.max(...delaysMs)).toBeLessThan(3000)
    expect(Math.max(...waiting(goodSockets))).toBe(0)

    const statesBefore = slow.map(({ states }) => states)
    for (const { socket } of slow) socket.resume()
    await expect.poll(() => slow.every((reader) => reader.shownAll(n)), { timeout: 20_000 }).toBe(true)
    change(++n)
    await expect
      .poll(() => [...slow, ...good].every((reader) => reader.shownAll(n)), { timeout: 20_000 })
      .toBe(true)
    expect(slow.map(({ states }, i) => states - (statesBefore[i] ?? 0))).toEqual(slow.map(() => 1))
    expect([...slow, ...good].flatMap(({ problems, closedWith }) => [...problems, closedWith])).toEqual(
      [...slow, ...good].map(() => null),
    )
    expect([warnings, server.connectionCount]).toEqual([[], 200])
  })

  test('and for whom too much waits are cut off with 1013, and nobody else', {
    timeout: 60_000,
  }, async () => {
    const outbox = { softLimitBytes: SOFT_BYTES, hardLimitBytes: 4 * SOFT_BYTES }
    const { server, port, warnings } = await start({ outbox, closeTimeoutMs: 30_000 })
    const good = await crowd(port, 20, 'good')
    const slow = await crowd(port, 20, 'slow')
    for (const { socket } of slow) socket.pause()
    let sent = 0
    while (warnings.length < slow.length) {
      server.broadcast(topic, 'news', { n: sent++, text: 'x'.repeat(60_000) })
      await expect.poll(() => good.every(({ events }) => events.length === sent), { interval: 5 }).toBe(true)
      expect(sent).toBeLessThan(1000)
    }
    expect(new Set(warnings.map(({ message }) => message))).toEqual(
      new Set(['closing a connection: its client reads too slowly']),
    )
    for (const { socket } of slow) socket.resume()
    await expect
      .poll(() => slow.map(({ closedWith }) => closedWith), { timeout: 20_000 })
      .toEqual(slow.map(() => 1013))
    expect(good.map(({ closedWith }) => closedWith)).toEqual(good.map(() => null))
    expect(server.connectionCount).toBe(20)
  })
})
