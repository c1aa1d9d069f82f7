import { type Channel, RollcallError, Socket, type SocketOptions } from '@rollcall/client'
import { jwtAuthenticate } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startServer } from './support/server'
import { SECRET, tokenOf } from './support/token'

/* How long a token lasts, between the client and a server that checks it. */

const TOPIC = 'room:lobby'
const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000, interval: 10 })

/** A server that takes a token until its very end. */
const startGuarded = () =>
  startServer({
    authenticate: jwtAuthenticate({ secret: SECRET, clockToleranceSeconds: 0 }),
  })

function enter(port: number, options: SocketOptions): { readonly socket: Socket; readonly channel: Channel } {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
    backoff: { baseMs: 20, capMs: 50 },
    ...options,
  })
  onTestFinished(() => socket.disconnect())
  socket.connect()
  const channel = socket.channel(TOPIC)
  channel.join().catch(() => {})
  return { socket, channel }
}

/** Somebody who stays, and what is told of Ada. */
async function watch(port: number): Promise<string[]> {
  const { channel } = enter(port, { authToken: tokenOf('watcher', 600) })
  const told: string[] = []
  channel.presence.on('join', ({ key }) => void (key === 'ada' && told.push('join')))
  channel.presence.on('leave', ({ key }, reason) => void (key === 'ada' && told.push(`leave ${reason}`)))
  await eventually(() => expect(channel.presence.isSynced).toBe(true))
  return told
}

describe('[C-33] [S-32] a token that is renewed', () => {
  test('keeps its holder present through life after life, and nobody sees anything', async () => {
    const { port } = await startGuarded()
    const told = await watch(port)
    const made: string[] = []
    const authToken = () => {
      made.push(tokenOf('ada', 3))
      return made.at(-1) ?? ''
    }
    const { socket, channel } = enter(port, { authToken })
    await eventually(() => expect(channel.status).toBe('joined'))
    const statuses: string[] = []
    socket.on('status', (status) => statuses.push(status))
    // By then the first two are over.
    await eventually(() => expect(made.length).toBe(6))
    expect([told, statuses, socket.status]).toEqual([['join'], [], 'open'])
  })

  test('may be that of nobody else, nor one that is over', async () => {
    const { port } = await startGuarded()
    const told = await watch(port)
    let next = tokenOf('ada', 600)
    const { socket, channel } = enter(port, { authToken: () => next })
    await eventually(() => expect(channel.status).toBe('joined'))
    next = tokenOf('eve', 600)
    const refused = socket.refresh()
    await expect(refused).rejects.toBeInstanceOf(RollcallError)
    await expect(refused).rejects.toMatchObject({ code: 'refused', reason: 'identity_changed' })
    next = tokenOf('ada', -10)
    await expect(socket.refresh()).rejects.toMatchObject({ code: 'refused', reason: 'token_expired' })
    next = tokenOf('ada', 600)
    await socket.refresh()
    expect([told, socket.identity]).toEqual([['join'], { id: 'ada' }])
  })
})

describe('[C-35] [S-31] a token that is over', () => {
  test('ends the session of who has no other, and everybody is told why', async () => {
    const { port } = await startGuarded()
    const told = await watch(port)
    const { socket, channel } = enter(port, { authToken: tokenOf('ada', 3) })
    await eventually(() => expect(told).toEqual(['join']))
    await eventually(() => expect(socket.status).toBe('closed'))
    expect(socket.getSnapshot()).toMatchObject({ error: { code: 'expired' }, lastClose: { code: 4004 } })
    expect(channel.status).toBe('away')
    await eventually(() => expect(told).toEqual(['join', 'leave expired']))
  })

  test('is replaced as soon as there is another', async () => {
    const { port } = await startGuarded()
    const told = await watch(port)
    const first = tokenOf('ada', 3)
    let authToken = () => first
    const { socket, channel } = enter(port, {
      authToken: () => authToken(),
    })
    await eventually(() => expect(channel.status).toBe('joined'))
    authToken = () => {
      throw new Error('no network')
    }
    await eventually(() => expect(told).toEqual(['join', 'leave expired']))
    await eventually(() => expect(socket.getSnapshot().error?.code).toBe('params_failed'))
    authToken = () => tokenOf('ada', 600)
    await eventually(() => expect([socket.status, channel.status]).toEqual(['open', 'joined']))
    await eventually(() => expect(told).toEqual(['join', 'leave expired', 'join']))
  })
})

test('[C-36] [S-36] whoever says too much of themselves is seen as they said last', async () => {
  const { port } = await startServer({ rates: { updates: { perSecond: 20, burst: 3 } } })
  const watcher = enter(port, { params: { user_id: 'watcher' } })
  const { channel } = enter(port, { params: { user_id: 'ada' }, updateIntervalMs: 1 })
  await eventually(() => expect(channel.status).toBe('joined'))
  const said: Promise<void>[] = []
  for (let n = 1; n <= 40; n++) {
    said.push(channel.presence.patch({ n, [`seen${n % 3}`]: n }))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(said)
  await eventually(() =>
    expect(watcher.channel.presence.get('ada')?.meta).toEqual({ n: 40, seen0: 39, seen1: 40, seen2: 38 }),
  )
})
