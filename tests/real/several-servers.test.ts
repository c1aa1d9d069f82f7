import { once } from 'node:events'
import { type IncomingMessage, get as request } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket as TcpSocket,
} from 'node:net'
import { type Channel, Socket } from '@rollcall/client'
import { MemoryStore, MemoryStoreState } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from './support/server'

/* Clients of this project over two servers that share a store, and something in between that spreads them. */

const topic = 'room:lobby'

async function two() {
  const state = new MemoryStoreState('shared-')
  const start = async () => {
    const store = new MemoryStore(state)
    const server = await startServer({ store, grace: { graceMs: 3000 } })
    onTestFinished(() => store.close())
    return server
  }
  return { left: await start(), right: await start() }
}

/** Takes connections and passes them on to a port that may change. */
class Balancer {
  target: number
  readonly #sockets = new Set<TcpSocket>()
  readonly #server = createTcpServer((near) => {
    const far = connect({ port: this.target, host: '127.0.0.1' })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => this.#sockets.delete(from))
      from.pipe(to)
    }
  })

  constructor(target: number) {
    this.target = target
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    onTestFinished(() => {
      this.cut()
      this.#server.close()
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** Every connection breaks. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

async function visit(name: string, port: number): Promise<Channel> {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
    params: { user_id: name },
    backoff: { baseMs: 20, capMs: 100 },
  })
  onTestFinished(() => socket.disconnect())
  socket.connect()
  const channel = socket.channel(topic, { meta: { name } })
  await channel.join()
  return channel
}

/** Two who see each other, ada through the balancer; and what each is told of presence from then on. */
async function met() {
  const { left, right } = await two()
  const balancer = new Balancer(left.port)
  const ada = await visit('ada', await balancer.listen())
  const bob = await visit('bob', right.port)
  await expect.poll(() => [ada, bob].map(({ presence }) => presence.list().length)).toEqual([2, 2])
  const told: string[] = []
  for (const [name, { presence }] of Object.entries({ ada, bob }))
    for (const event of ['presence_join', 'presence_update', 'presence_leave'] as const)
      presence.on(event, () => void told.push(`${name}: ${event}`))
  return { left, right, balancer, ada, bob, told }
}

function answer(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => resolve(response.resume())).on('error', reject)
  })
}

test('[S-26] a client whose connection breaks goes on at the other server, and nobody sees anything', async () => {
  const { left, right, balancer, ada, bob, told } = await met()
  balancer.target = right.port
  balancer.cut()
  await expect.poll(() => [left.connectionCount, right.connectionCount]).toEqual([0, 2])
  await ada.presence.update({ name: 'Ada' })
  await expect.poll(() => bob.presence.get('ada')?.presences[0]?.meta).toEqual({ name: 'Ada' })
  expect(told.filter((event) => !event.endsWith('presence_update'))).toEqual([])
  expect(await right.registry.count(topic)).toBe(2)
})

test('[S-24] [S-29] [S-30] a server that drains and closes sends its clients to the other, and nobody sees anything', async () => {
  const { left, right, balancer, ada, bob, told } = await met()
  balancer.target = right.port
  const drained = left.drain({ overMs: 300 })
  expect((await answer(`http://127.0.0.1:${left.port}/readyz`)).statusCode).toBe(503)
  expect((await answer(`http://127.0.0.1:${left.port}/healthz`)).statusCode).toBe(200)
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }
  const refused = await answer(`http://127.0.0.1:${left.port}/socket`, upgrade)
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1'])
  await drained
  await left.close()
  await expect.poll(() => right.connectionCount).toBe(2)
  await ada.presence.update({ name: 'Ada' })
  await expect.poll(() => bob.presence.get('ada')?.presences[0]?.meta).toEqual({ name: 'Ada' })
  expect(told.filter((event) => !event.endsWith('presence_update'))).toEqual([])
})

test('[S-24] who does not come back after its server has closed leaves as drained', async () => {
  const { left, balancer, bob } = await met()
  const reasons: string[] = []
  bob.presence.on('presence_leave', (_presence, reason) => void reasons.push(String(reason)))
  // A port on which nobody listens.
  balancer.target = 1
  await left.close()
  await expect.poll(() => bob.presence.get('ada'), { timeout: 8000 }).toBe(undefined)
  expect(reasons).toEqual(['drained'])
})
