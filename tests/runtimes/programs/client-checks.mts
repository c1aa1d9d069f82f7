// What is promised of the client, and of the store's and the wire's suites, on whatever runs this: plain checks, each
// with a name and a function that throws. Run by client.mjs on the runtime under test.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Socket as TcpSocket,
} from 'node:net'
import type { Socket, SocketOptions } from '@rollcall/client'
import type { ConformanceRunner } from '@rollcall/server/store-conformance'

const require = createRequire(import.meta.url)
const PATIENCE_MS = 30_000
const backoff = { baseMs: 50, capMs: 200 }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Resolves once it holds; looked at again every few milliseconds. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > giveUpMs) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

let count = 0
const somewhere = () => `room:client-${count++}`

/** A socket that is disconnected once `body` is through. */
async function withSockets<N extends readonly string[]>(
  port: number,
  names: N,
  body: (...sockets: { [K in keyof N]: Socket }) => Promise<void>,
  options: SocketOptions = {},
): Promise<void> {
  const { Socket } = await import('@rollcall/client')
  const sockets = names.map((name) => {
    const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
      params: { user_id: name },
      backoff,
      ...options,
    })
    socket.connect()
    return socket
  })
  try {
    await body(...(sockets as unknown as { [K in keyof N]: Socket }))
  } finally {
    await Promise.all(sockets.map((socket) => socket.disconnect()))
  }
}

/** A port before another one, whose connections can be cut. */
async function openProxy(port: number) {
  const nears = new Set<TcpSocket>()
  const server = createTcpServer((near) => {
    const far = connectTcp(port, '127.0.0.1')
    nears.add(near)
    const forward = (from: TcpSocket, to: TcpSocket) => {
      from.on('error', () => {})
      from.on('close', () => {
        nears.delete(near)
        to.destroy()
      })
      from.pipe(to)
    }
    forward(near, far)
    forward(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      for (const near of nears) near.destroy()
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** Runs a suite that is made for any test runner; returns how many tests it had, or throws with those that failed. */
async function runSuite(define: (runner: ConformanceRunner) => void): Promise<void> {
  const tests: [name: string, body: () => Promise<void>][] = []
  define({ describe: (_name, body) => body(), test: (name, body) => void tests.push([name, body]) })
  const failures: string[] = []
  for (const [name, body] of tests) {
    try {
      await body()
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.stack : error}`)
    }
  }
  assert.deepEqual(failures, [])
  assert.ok(tests.length > 10, `only ${tests.length} tests`)
}

/** What stands around the client: servers on the same runtime, and a Redis. */
export interface Surroundings {
  readonly port: number
  readonly bots: number
  /** Port of a server that takes nobody without a token. */
  readonly strictPort: number
  /** One of ada's. */
  readonly token: string
  /** URL. */
  readonly redis: string
}

export const CLIENT_CHECKS: Readonly<Record<string, (given: Surroundings) => Promise<void>>> = {
  'every entry can be imported and required': async () => {
    const entries = ['@rollcall/client', '@rollcall/client/testing', '@rollcall/server']
    const suites = ['@rollcall/server/store-conformance', '@rollcall/server/wire-conformance']
    for (const entry of [...entries, ...suites, '@rollcall/shared-protocol']) {
      const names = Object.keys(await import(entry)).filter((name) => name !== 'default')
      assert.ok(names.length > 0, entry)
      for (const name of names) assert.ok(name in require(entry), `${entry} ${name}`)
    }
  },

  'a client joins, and sees others come, change, and go': ({ port }) =>
    withSockets(port, ['ada', 'bob'], async (one, other) => {
      const topic = somewhere()
      const meta = { status: 'online' }
      const ada = one.channel<typeof meta>(topic, { meta })
      const bob = other.channel<typeof meta>(topic, { meta })
      const seen: string[] = []
      ada.presence.on('join', ({ key }) => seen.push(`${key} came`))
      ada.presence.on('update', ({ key, meta }) => seen.push(`${key} is ${meta.status}`))
      ada.presence.on('leave', ({ key }) => seen.push(`${key} left`))
      await ada.join()
      await bob.join()
      await bob.presence.update({ status: 'away' })
      await until(() => seen.includes('bob is away'), 'the update')
      await bob.leave()
      await until(() => seen.includes('bob left'), 'the leave')
      assert.deepEqual(seen, ['ada came', 'bob came', 'bob is away', 'bob left'])
    }),

  'a push is answered, and reaches the others, small and large': ({ port }) =>
    withSockets(port, ['ada', 'bob'], async (one, other) => {
      const topic = somewhere()
      const [ada, bob] = [one.channel(topic), other.channel(topic)]
      const heard: string[] = []
      bob.on('said', ({ body }: { body: string }) => heard.push(body))
      await Promise.all([ada.join(), bob.join()])
      const bodies = ['', 'ü👩‍👧', 'x'.repeat(50_000)]
      for (const body of bodies) await ada.push('said', { body })
      await until(() => heard.length === bodies.length, 'what was said')
      assert.deepEqual(heard, bodies)
    }),

  'a large state arrives whole': ({ port, bots }) =>
    withSockets(port, ['ada'], async (socket) => {
      const channel = socket.channel('room:crowd')
      await channel.join()
      await until(() => channel.presence.size > bots, 'everybody')
    }),

  'a connection that is lost is made again, and the session goes on': async ({ port }) => {
    const proxy = await openProxy(port)
    try {
      await withSockets(proxy.port, ['ada'], async (socket) => {
        const channel = socket.channel(somewhere())
        await channel.join()
        const { sessionId } = socket
        const statuses: string[] = []
        socket.on('status', (status) => statuses.push(status))
        proxy.cut()
        await until(() => statuses.includes('open'), 'the new connection')
        assert.equal(socket.sessionId, sessionId)
        await channel.push('said', {})
      })
    } finally {
      proxy.cut()
      await proxy.close()
    }
  },

  'a server that is not there yet is found once it is': async () => {
    const { createServer } = await import('@rollcall/server')
    const first = createServer({ port: 0, logger: silent })
    const { port } = await first.listen()
    await first.close()
    await withSockets(port, ['ada'], async (socket) => {
      let failures = 0
      socket.on('status', (status) => {
        if (status === 'waiting') failures++
      })
      await until(() => failures > 1, 'two vain tries')
      const server = createServer({ port, logger: silent })
      await server.listen()
      try {
        await socket.channel(somewhere()).join()
      } finally {
        await server.close()
      }
    })
  },

  'a server that closes tells its clients, and they come back to the next one': async () => {
    const { createServer } = await import('@rollcall/server')
    const first = createServer({ port: 0, logger: silent })
    const { port } = await first.listen()
    await withSockets(port, ['ada'], async (socket) => {
      const channel = socket.channel(somewhere())
      await channel.join()
      const closes: number[] = []
      socket.on('close', ({ code }) => closes.push(code))
      await first.close()
      await until(() => closes.length > 0, 'the close')
      assert.equal(closes[0], 1012)
      const next = createServer({ port, logger: silent })
      await next.listen()
      try {
        await until(() => socket.status === 'open', 'the next server')
        await channel.push('said', {})
      } finally {
        await next.close()
      }
    })
  },

  'a secret that goes out as a subprotocol is taken, and a wrong one is not': async ({
    strictPort,
    token,
  }) => {
    await withSockets(
      strictPort,
      ['ignored'],
      async (socket) => {
        await socket.channel(somewhere()).join()
        assert.deepEqual(socket.identity, { id: 'ada' })
      },
      { params: {}, authToken: token },
    )
    await withSockets(
      strictPort,
      ['ignored'],
      (socket) => until(() => socket.status === 'waiting', 'the refusal'),
      { params: {}, authToken: `${token}x` },
    )
  },

  "it speaks to Phoenix's end of the server, too": ({ port }) =>
    withSockets(
      port,
      ['ada'],
      async (socket) => {
        const channel = socket.channel(somewhere(), { meta: {} })
        await channel.join()
        await until(() => channel.presence.has('ada'), 'the presence')
      },
      { dialect: 'phoenix' },
    ),

  "the store's suite holds for the memory store": async () => {
    const { storeConformance } = await import('@rollcall/server/store-conformance')
    const { MemoryStore, MemoryStoreState } = await import('@rollcall/server')
    await runSuite((runner) =>
      storeConformance(runner, async (nodes) => {
        const state = new MemoryStoreState('')
        return { nodes: Array.from({ length: nodes }, () => new MemoryStore(state)) }
      }),
    )
  },

  "the store's suite holds for Redis": async ({ redis }) => {
    const { storeConformance } = await import('@rollcall/server/store-conformance')
    const { RedisStore } = await import('@rollcall/server')
    let systems = 0
    await runSuite((runner) =>
      storeConformance(runner, async (nodes) => {
        const prefix = `suite-${systems++}`
        // As in the ring with a real Redis: the suite waits for nodes that are found dead.
        const options = { connection: redis, prefix, leaseTtlMs: 1500, logger: silent }
        return { nodes: Array.from({ length: nodes }, () => new RedisStore(options)) }
      }),
    )
  },
}
