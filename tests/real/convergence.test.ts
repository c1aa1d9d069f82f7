import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Socket } from '@rollcall/client'
import { createServer } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'

/* 300 real clients in one topic, coming, going and losing their connections at random. */

const CLIENTS = 300
const STEPS = 600
const topic = 'room:everybody'

interface Meta {
  readonly n: number
}

class Person {
  readonly key: string
  readonly socket: Socket
  wanted: number | null = null

  constructor(index: number, url: string) {
    this.key = `user-${index}`
    this.socket = new Socket(url, {
      params: { user_id: this.key },
      backoff: { baseMs: 10, capMs: 200 },
      updateIntervalMs: 0,
    })
    this.socket.connect()
  }

  get channel() {
    return this.socket.channel<Meta>(topic, () => ({ meta: { n: this.wanted ?? 0 } }))
  }

  get map(): string {
    const entries = this.channel.presence
      .list()
      .map(({ key, presences }) => `${key}=${presences.map(({ meta }) => meta.n)}`)
    return entries.sort().join(' ')
  }
}

test('[S-11] [C-18] 300 clients hold the same map after random joins, updates, leaves and drops', {
  timeout: 60_000,
}, async () => {
  const http = createHttpServer()
  const { cutAll, cutSome } = watchConnections(http)
  const server = createServer({ server: http, grace: { graceMs: 500 }, closeTimeoutMs: 200 })
  onTestFinished(async () => {
    await server.close()
    http.close()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket`
  const people = Array.from({ length: CLIENTS }, (_, index) => new Person(index, url))
  onTestFinished(async () => {
    await Promise.all(people.map(({ socket }) => socket.disconnect()))
  })
  const random = generator(20_261_121)
  const pick = () => people[Math.floor(random() * CLIENTS)] as Person

  for (let step = 0; step < STEPS; step++) {
    const person = pick()
    const chance = random()
    if (person.wanted === null || chance < 0.3) {
      person.wanted = step
      if (person.channel.status === 'joined') person.channel.presence.update({ n: step }).catch(ignore)
      else person.channel.join().catch(ignore)
    } else if (chance < 0.5) {
      person.wanted = null
      person.channel.leave().catch(ignore)
    } else if (chance < 0.8) cutSome(random)
    if (step === STEPS / 2) cutAll()
    // A turn of the event loop now and then, so that what was sent meets what is being sent.
    if (step % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }

  const expected = people
    .filter(({ wanted }) => wanted !== null)
    .map(({ key, wanted }) => `${key}=${wanted}`)
    .sort()
    .join(' ')
  const here = people.filter(({ wanted }) => wanted !== null)
  await expect
    .poll(async () => namesOf(await server.registry.list(topic)), { timeout: 20_000 })
    .toBe(expected)
  await expect
    .poll(() => here.filter(({ map }) => map !== expected).map(({ key }) => key), { timeout: 20_000 })
    .toEqual([])
  expect(here.length).toBeGreaterThan(100)
})

function namesOf(presences: readonly { readonly key: string; readonly meta: object }[]): string {
  return presences
    .map(({ key, meta }) => `${key}=${(meta as Meta).n}`)
    .sort()
    .join(' ')
}

/** Cuts TCP connections from the server's side, as a network does: without a word. */
function watchConnections(http: HttpServer) {
  const open = new Set<Duplex>()
  http.on('upgrade', (_request, socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  return {
    cutSome(random: () => number) {
      const sockets = [...open]
      sockets[Math.floor(random() * sockets.length)]?.destroy()
    },
    cutAll() {
      for (const socket of [...open]) socket.destroy()
    },
  }
}

function ignore(): void {}

function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
