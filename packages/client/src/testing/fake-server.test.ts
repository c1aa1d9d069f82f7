import { describe, expect, test, vi } from 'vitest'
import { Socket } from '../socket'
import { createFakeServer, type FakeServer } from './fake-server'
import { VirtualClock } from './virtual-clock'

const LOBBY = 'room:lobby'

async function join(server: FakeServer, userId: string, clock = new VirtualClock()) {
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock,
    random: () => 0.5,
    params: { user_id: userId },
  })
  socket.connect()
  const channel = socket.channel<{ name: string }>(LOBBY, { meta: { name: userId } })
  await channel.join()
  await server.settle()
  return { socket, channel, clock }
}

test('[C-49] works while every timer and queueMicrotask are faked', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'] })
  try {
    const server = createFakeServer()
    const { socket, channel, clock } = await join(server, 'ada')
    server.drop()
    await server.settle()
    expect(channel.status).toBe('away')
    await clock.advance(30_000)
    expect(channel.status).toBe('joined')
    await socket.disconnect()
  } finally {
    vi.useRealTimers()
  }
})

describe('fake server', () => {
  test('several clients see each other, and the people that the test brings in', async () => {
    const server = createFakeServer()
    const ada = await join(server, 'ada')
    const bob = await join(server, 'bob')
    server.presence(LOBBY).join('cyd', { name: 'Cyd' })
    await server.settle()
    for (const { channel } of [ada, bob]) expect([...channel.presence.keys()]).toEqual(['ada', 'bob', 'cyd'])
    server.presence(LOBBY).update('cyd', { name: 'Cyd 2' })
    await ada.channel.leave()
    await server.settle()
    expect(bob.channel.presence.list().map(({ meta }) => meta.name)).toEqual(['bob', 'Cyd 2'])
    expect(server.connectionCount).toBe(2)
  })

  test('names guests, or whom it is told', async () => {
    const guest = new Socket('ws://test/socket', { transport: createFakeServer().transport })
    const named = new Socket('ws://test/socket', {
      transport: createFakeServer({ identify: (params) => `user ${params.get('token')}` }).transport,
      params: { token: 7 },
    })
    for (const socket of [guest, named]) {
      socket.connect()
      await createFakeServer().settle()
    }
    expect([guest.identity?.id, named.identity?.id]).toEqual(['guest-1', 'user 7'])
    await Promise.all([guest.disconnect(), named.disconnect()])
  })

  test('records pushes and sends them to everybody, unless it answers them itself', async () => {
    const server = createFakeServer()
    const ada = await join(server, 'ada')
    const bob = await join(server, 'bob')
    const heard = vi.fn()
    bob.channel.on('new_msg', heard)
    await ada.channel.push('new_msg', { body: 'hi' })
    server.answer('ask', (payload) => ({ ok: [payload] }))
    expect(await ada.channel.push('ask', 1)).toEqual([1])
    server.broadcast(LOBBY, 'new_msg', { body: 'all' })
    await server.settle()
    expect(heard.mock.calls).toEqual([[{ body: 'hi' }], [{ body: 'all' }]])
    expect(server.pushes(LOBBY)).toEqual([
      { event: 'new_msg', payload: { body: 'hi' }, from: 'ada' },
      { event: 'ask', payload: 1, from: 'ada' },
    ])
    expect(server.pushes('room:other')).toEqual([])
  })

  test.each(['', 'phx_reply', 'phx_error', 'chan_reply_7', 'presence_state', 'presence_diff', 'a\u202eb'])(
    '[C-49] refuses the event %j, as a server does',
    async (event) => {
      const server = createFakeServer()
      const { channel } = await join(server, 'ada')
      const refused = expect.objectContaining({ code: 'invalid_argument' })
      expect(() => server.broadcast(LOBBY, event, {})).toThrow(refused)
      expect(() => server.answer(event, () => ({ ok: {} }))).toThrow(refused)
      await server.settle()
      expect([channel.status, channel.presence.has('ada')]).toEqual(['joined', true])
    },
  )

  test('[C-49] refuses a key that no presence of a server has', () => {
    const presence = createFakeServer().presence(LOBBY)
    const refused = expect.objectContaining({ code: 'invalid_argument' })
    for (const key of ['ada\u202e', 'a\u200b', 'ada ']) expect(() => presence.join(key)).toThrow(refused)
    expect(presence.join('ada')).toBe('p1')
  })

  test('a newer join of the same connection replaces the older one', async () => {
    const server = createFakeServer()
    const { socket, channel } = await join(server, 'ada')
    await channel.leave()
    const again = socket.channel(LOBBY)
    await again.join()
    await server.settle()
    expect([...again.presence.keys()]).toEqual(['ada'])
  })

  test('keeps to its limits, which can be set', async () => {
    const server = createFakeServer({ limits: { metaBytes: 20 } })
    const { channel } = await join(server, 'ada')
    await expect(channel.presence.update({ name: 'x'.repeat(20) })).rejects.toThrow('the limit is 20')
  })

  test('takes newer credentials of the same person, unless it is told not to', async () => {
    const server = createFakeServer({ expiresInMs: 60_000 })
    const people = ['ada', 'ada', 'eve', 'ada', 'ada']
    const params = () => ({ user_id: people.shift() })
    const socket = new Socket('ws://test/socket', { transport: server.transport, params, authToken: 't' })
    socket.connect()
    await server.settle()
    await socket.refresh()
    await expect(socket.refresh()).rejects.toMatchObject({ reason: 'identity_changed' })
    server.refuseRefresh('throttled', 500)
    await expect(socket.refresh()).rejects.toMatchObject({ response: { retry_after_ms: 500 } })
    server.allowRefresh()
    await socket.refresh()
    const of = (id: string) => ({ params: new Map([['user_id', id]]), token: 't' })
    expect(server.refreshes).toEqual([of('ada'), of('eve'), of('ada'), of('ada')])
    await socket.disconnect()
  })

  test('lets sessions expire, and a guest stay who he is', async () => {
    const server = createFakeServer({ expiresInMs: 60_000 })
    const guest = new Socket('ws://test/socket', { transport: server.transport })
    guest.connect()
    const { channel } = await join(server, 'ada')
    await guest.channel(LOBBY).join()
    await guest.refresh()
    expect(guest.identity).toEqual({ id: 'guest-1' })
    const reasons: string[] = []
    channel.presence.on('leave', (_entry, reason) => reasons.push(reason))
    server.presence(LOBBY).leave('guest-1', 'expired')
    server.expire()
    await server.settle()
    expect([guest.status, server.connectionCount, reasons]).toEqual(['closed', 0, ['expired']])
  })

  test('stopped it lets nobody in, frozen it says nothing', async () => {
    const server = createFakeServer()
    const { socket, clock } = await join(server, 'ada')
    server.stop()
    await server.settle()
    expect([socket.status, server.connectionCount]).toEqual(['waiting', 0])
    await clock.advance(10_000)
    expect(socket.status).toBe('waiting')
    server.start()
    server.freeze()
    socket.reconnectNow()
    await server.settle()
    expect([socket.status, server.connectionCount]).toEqual(['connecting', 1])
    await socket.disconnect()
  })
})

describe('virtual clock', () => {
  test('runs what is due, in order, at its time', async () => {
    const clock = new VirtualClock(100)
    const ran: string[] = []
    clock.after(20, () => ran.push(`b ${clock.now()}`))
    clock.after(10, () => {
      ran.push(`a ${clock.now()}`)
      clock.after(5, () => ran.push(`nested ${clock.now()}`))
    })
    clock.after(20, () => ran.push(`c ${clock.now()}`))
    const cancel = clock.after(15, () => ran.push('cancelled'))
    cancel()
    await clock.advance(20)
    expect([ran, clock.now(), clock.pending]).toEqual([['a 110', 'nested 115', 'b 120', 'c 120'], 120, 0])
  })

  test('lets promises react between one timer and the next', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    clock.after(1, () => void Promise.resolve().then(() => ran.push('reaction')))
    clock.after(2, () => ran.push('next'))
    await clock.advance(2)
    expect(ran).toEqual(['reaction', 'next'])
  })

  test('a jump moves what it says and not when timers run; a sleep makes them late', async () => {
    const clock = new VirtualClock()
    const ran: number[] = []
    clock.after(10, () => ran.push(clock.now()))
    clock.jump(1_000)
    await clock.advance(9)
    expect([ran, clock.now()]).toEqual([[], 1_009])
    await clock.advance(1)
    clock.after(10, () => ran.push(clock.now()))
    clock.sleep(500)
    await clock.advance(0)
    expect(ran).toEqual([1_010, 1_510])
  })
})
