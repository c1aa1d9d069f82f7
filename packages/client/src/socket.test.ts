import { describe, expect, test, vi } from 'vitest'
import type { NetworkHintListener, NetworkHints } from './io/network-hints'
import type { OpenTransport } from './io/transport'
import type { SocketOptions } from './options'
import { Socket } from './socket'
import { createFakeServer } from './testing/fake-server'
import { VirtualClock } from './testing/virtual-clock'

class FakeHints implements NetworkHints {
  online = true
  listener: NetworkHintListener | null = null
  isOnline(): boolean {
    return this.online
  }
  watch(listener: NetworkHintListener): () => void {
    this.listener = listener
    return () => {
      this.listener = null
    }
  }
}

function rig(options: SocketOptions = {}) {
  const clock = new VirtualClock(1_000_000)
  const server = createFakeServer()
  const hints = new FakeHints()
  const opened: string[] = []
  const transport: OpenTransport = (url, subprotocol, listener) => {
    opened.push(`${subprotocol} ${url}`)
    return server.transport(url, subprotocol, listener)
  }
  const socket = new Socket('ws://test/socket', {
    clock,
    transport,
    networkHints: hints,
    random: () => 0.5,
    params: { user_id: 'ada' },
    ...options,
  })
  return { clock, server, hints, socket, opened }
}

async function openRig(options: SocketOptions = {}) {
  const it = rig(options)
  it.socket.connect()
  await it.server.settle()
  expect(it.socket.status).toBe('open')
  return it
}

describe('socket', () => {
  test('connects with the subprotocol and its params, and learns who it is', async () => {
    const { socket, opened } = await openRig()
    expect(opened).toEqual(['rollcall.v1 ws://test/socket?user_id=ada'])
    expect(socket.identity).toEqual({ id: 'ada' })
    expect(socket.sessionId).toBe('session-1')
    expect(socket.getSnapshot()).toEqual({
      status: 'open',
      attempt: 0,
      retryAt: null,
      isOnline: true,
      lastClose: null,
      error: null,
      identity: { id: 'ada' },
    })
  })

  test('says hello first, and joins without waiting for the answer', async () => {
    const sent: string[] = []
    const transport: OpenTransport = (_url, _subprotocol, listener) => {
      queueMicrotask(listener.onOpen)
      return { send: (frame) => sent.push(frame as string), close: () => {}, abandon: () => {} }
    }
    const { socket, server } = rig({ transport })
    void socket.channel('room:lobby', { meta: { name: 'Ada' } }).join()
    socket.connect()
    await server.settle()
    expect(sent.map((frame) => JSON.parse(frame))).toEqual([
      [null, '1', 'rollcall', 'hello', expect.any(Object)],
      ['2', '2', 'room:lobby', 'phx_join', { meta: { name: 'Ada' } }],
    ])
    expect(socket.status).toBe('connecting')
  })

  test('[C-1] does nothing before connect', async () => {
    const { socket, clock, hints, opened } = rig()
    void socket.channel('room:lobby')
    await clock.advance(60_000)
    expect([socket.status, opened, clock.pending, hints.listener]).toEqual(['idle', [], 0, null])
  })

  test('connect twice is connecting once', async () => {
    const { socket, server, opened } = await openRig()
    socket.connect()
    await server.settle()
    expect(opened).toHaveLength(1)
  })

  test('[C-1] leaves nothing behind after a disconnect', async () => {
    const { socket, clock, server, hints } = await openRig()
    const channel = socket.channel('room:lobby')
    await channel.join()
    server.freeze()
    channel.push('unanswered').catch(() => {})
    void channel.presence.update({ a: 1 })
    server.thaw()
    await socket.disconnect()
    expect([socket.status, clock.pending, hints.listener, server.connectionCount]).toEqual([
      'closed',
      0,
      null,
      0,
    ])
    expect(socket.getSnapshot()).toMatchObject({ error: null, lastClose: { code: 1000, reason: 'goodbye' } })
    await clock.advance(120_000)
    expect([socket.status, server.connectionCount]).toEqual(['closed', 0])
  })

  test('says goodbye, so that others see it leave at once', async () => {
    const { socket, server } = await openRig()
    await socket.channel('room:lobby').join()
    const other = (await openRig({ transport: server.transport, params: { user_id: 'bob' } })).socket
    const reasons: string[] = []
    const room = other.channel('room:lobby')
    room.presence.on('leave', ({ key }, reason) => reasons.push(`${key} ${reason}`))
    await room.join()
    await server.settle()
    await socket.disconnect()
    await server.settle()
    expect(reasons).toEqual(['ada left'])
  })

  test('[C-1] a server that does not agree to the end is left after two seconds', async () => {
    const abandoned = vi.fn()
    const transport: OpenTransport = (_url, _subprotocol, listener) => {
      queueMicrotask(listener.onOpen)
      return { send: () => {}, close: () => {}, abandon: abandoned }
    }
    const { socket, clock, server } = rig({ transport })
    socket.connect()
    await server.settle()
    const done = vi.fn()
    const parted = socket.disconnect().then(done)
    await clock.advance(1_999)
    expect(done).not.toHaveBeenCalled()
    await clock.advance(1)
    await parted
    expect(abandoned).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  test('[C-1] can be disconnected while connecting, while its params are made, and while waiting', async () => {
    const connecting = rig()
    connecting.socket.connect()
    await connecting.socket.disconnect()
    await connecting.clock.advance(60_000)
    expect([connecting.socket.status, connecting.server.connectionCount]).toEqual(['closed', 0])

    let give: (params: { user_id: string }) => void = () => {}
    const making = rig({ params: () => new Promise((resolve) => (give = resolve)) })
    making.socket.connect()
    await making.socket.disconnect()
    give({ user_id: 'late' })
    await making.clock.advance(60_000)
    expect([making.socket.status, making.opened, making.clock.pending]).toEqual(['closed', [], 0])

    const waiting = rig()
    waiting.server.stop()
    waiting.socket.connect()
    await waiting.server.settle()
    expect(waiting.socket.status).toBe('waiting')
    await waiting.socket.disconnect()
    await waiting.clock.advance(60_000)
    expect([waiting.socket.status, waiting.opened.length, waiting.clock.pending]).toEqual(['closed', 1, 0])
  })

  test('connects again after a disconnect, and rejoins what was joined', async () => {
    const { socket, server } = await openRig()
    const channel = socket.channel('room:lobby')
    await channel.join()
    await socket.disconnect()
    expect([channel.status, socket.identity]).toEqual(['away', null])
    socket.connect()
    await server.settle()
    expect([socket.status, channel.status, socket.sessionId]).toEqual(['open', 'joined', 'session-2'])
  })

  test('[C-15] reconnects after a lost connection', async () => {
    const { socket, server, clock } = await openRig()
    server.drop()
    await server.settle()
    // One try has been made since the connection was last good; half of the ceiling of 1000 ms.
    expect(socket.getSnapshot()).toMatchObject({
      status: 'waiting',
      attempt: 1,
      retryAt: 1_000_500,
      lastClose: { code: 1006 },
      error: { code: 'disconnected' },
      identity: { id: 'ada' },
    })
    await clock.advance(500)
    expect(socket.getSnapshot()).toMatchObject({ status: 'open', attempt: 0, retryAt: null, error: null })
  })

  test.each([
    [1000, 'disconnected'],
    [1008, 'refused'],
    [4002, 'kicked'],
  ])('[C-15] stays closed after the code %i', async (code, error) => {
    const { socket, server, clock, hints } = await openRig()
    server.drop(code, 'because')
    await server.settle()
    expect(socket.getSnapshot()).toMatchObject({
      status: 'closed',
      lastClose: { code, reason: 'because' },
      error: { code: error },
    })
    await clock.advance(120_000)
    expect([socket.status, clock.pending, hints.listener]).toEqual(['closed', 0, null])
  })

  test('[C-2] waits longer after each failure, and the waits are bounded', async () => {
    const { socket, server, clock, opened } = rig({ backoff: { baseMs: 1_000, capMs: 8_000 } })
    server.stop()
    socket.connect()
    const waits: number[] = []
    for (let n = 0; n < 6; n++) {
      await server.settle()
      const { retryAt } = socket.getSnapshot()
      waits.push((retryAt ?? 0) - clock.now())
      await clock.advance((retryAt ?? 0) - clock.now())
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 4_000, 4_000, 4_000])
    expect(opened).toHaveLength(7)
  })

  test('[C-3] makes no try before capMs while offline, and one at once when the network is back', async () => {
    const { socket, server, hints, clock, opened } = await openRig()
    hints.listener?.offline()
    server.drop()
    await clock.advance(7_999)
    expect(socket.getSnapshot()).toMatchObject({ status: 'waiting', isOnline: false })
    expect(opened).toHaveLength(1)
    hints.listener?.online()
    await server.settle()
    expect(socket.getSnapshot()).toMatchObject({ status: 'open', isOnline: true })
  })

  test('[C-3] connects although it is told all the time that there is no network', async () => {
    const { socket, server, hints, clock, opened } = rig()
    hints.online = false
    server.stop()
    socket.connect()
    await clock.advance(24_000)
    expect(opened).toHaveLength(4)
    server.start()
    await clock.advance(8_000)
    expect(socket.getSnapshot()).toMatchObject({ status: 'open', isOnline: false })
  })

  test('[C-3] becoming visible and reconnectNow try at once', async () => {
    for (const hurry of ['visible', 'reconnectNow'] as const) {
      const { socket, server, hints } = await openRig()
      server.drop()
      await server.settle()
      expect(socket.status).toBe('waiting')
      if (hurry === 'visible') hints.listener?.visible()
      else socket.reconnectNow()
      await server.settle()
      expect(socket.status).toBe('open')
    }
  })

  test('knows at once when the network is gone as it connects', async () => {
    const { socket, hints } = rig()
    hints.online = false
    socket.connect()
    expect(socket.getSnapshot()).toMatchObject({ status: 'connecting', isOnline: false })
  })

  test('[C-4] gives up a server that accepts and never answers, and tries again', async () => {
    const { socket, server, clock } = rig()
    server.freeze()
    socket.connect()
    await clock.advance(9_999)
    expect(socket.status).toBe('connecting')
    await clock.advance(1)
    expect(socket.getSnapshot()).toMatchObject({ status: 'waiting', error: { code: 'timeout' } })
    expect(server.connectionCount).toBe(0)
    server.thaw()
    await clock.advance(500)
    expect(socket.status).toBe('open')
  })

  test('[C-4] finds a half-open connection dead after interval and timeout, and reconnects', async () => {
    const { socket, server, clock } = await openRig()
    await clock.advance(100_000)
    expect(socket.status).toBe('open')
    server.freeze()
    const frozenAt = clock.now()
    const closedAfter = new Promise<number>((resolve) => {
      socket.once('close', () => {
        server.thaw()
        resolve(clock.now() - frozenAt)
      })
    })
    await clock.advance(25_000)
    expect(await closedAfter).toBeLessThanOrEqual(25_000)
    expect(socket.getSnapshot()).toMatchObject({ lastClose: { code: 4001, reason: 'heartbeat_timeout' } })
    await clock.advance(250)
    expect(socket.status).toBe('open')
  })

  test('[C-4] a machine that slept for an hour keeps a connection that still answers', async () => {
    const { socket, clock, opened } = await openRig()
    await clock.advance(14_000)
    clock.sleep(3_600_000)
    await clock.advance(30_000)
    expect([socket.status, opened.length]).toEqual(['open', 1])
  })

  test('[C-5] a former transport is not heard', async () => {
    const { socket, server, clock } = rig()
    const listeners: Parameters<OpenTransport>[2][] = []
    const spying: OpenTransport = (url, subprotocol, listener) => {
      listeners.push(listener)
      return server.transport(url, subprotocol, listener)
    }
    const spied = new Socket('ws://test/socket', { clock, transport: spying, random: () => 0.5 })
    spied.connect()
    await server.settle()
    server.freeze()
    await clock.advance(25_000)
    server.thaw()
    await clock.advance(1_000)
    expect([spied.status, listeners.length]).toEqual(['open', 2])
    const faults = vi.fn()
    spied.on('fault', faults)
    const before = spied.getSnapshot()
    listeners[0]?.onFrame('nonsense')
    listeners[0]?.onOpen()
    listeners[0]?.onClose(1008, 'late')
    expect(spied.getSnapshot()).toBe(before)
    expect(faults).not.toHaveBeenCalled()
    expect(socket.status).toBe('idle')
  })

  test('asks for its params anew at each connection, and counts a failure as one', async () => {
    let tries = 0
    const { socket, server, clock, opened } = rig({
      params: async () => {
        tries += 1
        if (tries === 1) throw new Error('no token')
        return { token: tries }
      },
    })
    socket.connect()
    await server.settle()
    expect(socket.getSnapshot()).toMatchObject({
      status: 'waiting',
      error: { code: 'params_failed', message: expect.stringContaining('no token') },
    })
    await clock.advance(2_000)
    expect(socket.status).toBe('open')
    server.drop()
    await clock.advance(2_000)
    expect(socket.status).toBe('open')
    expect(opened).toEqual(['rollcall.v1 ws://test/socket?token=2', 'rollcall.v1 ws://test/socket?token=3'])
  })

  test('params that are never made end with the connect timeout', async () => {
    const { socket, clock } = rig({ params: () => new Promise(() => {}) })
    socket.connect()
    await clock.advance(10_000)
    expect(socket.getSnapshot()).toMatchObject({ status: 'waiting', error: { code: 'timeout' } })
  })

  test('a transport that cannot be made is a failed try, told without the query', async () => {
    const { socket, server } = rig({
      params: { token: 'secret' },
      transport: () => {
        throw new SyntaxError('bad')
      },
    })
    socket.connect()
    await server.settle()
    const { error, status } = socket.getSnapshot()
    expect([status, error?.code]).toEqual(['waiting', 'disconnected'])
    expect(error?.message).toContain('bad')
    expect(error?.message).not.toContain('secret')
  })

  test.each([
    ['unauthorized', 'closed'],
    ['closing', 'waiting'],
  ])('a hello that is refused with %s leaves it %s', async (reason, status) => {
    const transport: OpenTransport = (_url, _subprotocol, listener) => {
      queueMicrotask(listener.onOpen)
      const answer = (ref: string) => [
        null,
        ref,
        'rollcall',
        'phx_reply',
        { status: 'error', response: { reason } },
      ]
      return {
        send: (frame) =>
          queueMicrotask(() => listener.onFrame(JSON.stringify(answer(JSON.parse(frame as string)[1])))),
        close: (code) => queueMicrotask(() => listener.onClose(code, '')),
        abandon: () => {},
      }
    }
    const { socket, server } = rig({ transport })
    socket.connect()
    await server.settle()
    expect(socket.getSnapshot()).toMatchObject({ status, error: { code: 'refused', reason } })
  })

  test('[C-16] a frame that is not understood is told as a fault, and nothing else is disturbed', async () => {
    const { socket, server } = await openRig()
    const channel = socket.channel('room:lobby')
    await channel.join()
    const faults: (string | null)[] = []
    socket.on('fault', (error) => faults.push(`${error.code} ${error.reason}`))
    const before = [socket.getSnapshot(), channel.getSnapshot(), channel.presence.getSnapshot()]
    const frames = [
      'nonsense',
      '{}',
      '[1,2,3]',
      '[null,null,"room:lobby",5,{}]',
      '[null,null,"room:lobby","presence_diff",{"epoch":1}]',
      '[null,null,"room:lobby","presence_state",{"presences":[1]}]',
      '['.repeat(10_000),
      new Uint8Array([1, 2, 3]),
    ]
    for (const frame of frames) server.sendRaw(frame)
    server.sendRaw('[null,null,"rollcall","fault",{"reason":"malformed_frame","message":"What?"}]')
    await server.settle()
    expect(faults).toHaveLength(frames.length + 1)
    expect(faults.every((fault) => fault?.startsWith('protocol_fault '))).toBe(true)
    expect([socket.getSnapshot(), channel.getSnapshot(), channel.presence.getSnapshot()]).toEqual(before)
    expect(await channel.push('still', {})).toEqual({})
  })

  test('frames for topics that nobody joined are passed over', async () => {
    const { socket, server } = await openRig()
    const faults = vi.fn()
    socket.on('fault', faults)
    server.sendRaw('[null,null,"room:other","new_msg",{}]')
    server.sendRaw('[null,null,"__proto__","new_msg",{}]')
    await server.settle()
    expect([socket.status, faults.mock.calls]).toEqual(['open', []])
  })

  test('tells its status, its opening and its end', async () => {
    const { socket, server, clock } = rig()
    const told: unknown[] = []
    socket.on('status', (status) => told.push(status))
    socket.on('open', ({ identity }) => told.push(identity))
    socket.on('close', (close) => told.push(close))
    socket.connect()
    await server.settle()
    server.drop(1001, 'away')
    await clock.advance(500)
    expect(told).toEqual([
      'connecting',
      'open',
      { id: 'ada' },
      'waiting',
      { code: 1001, reason: 'away' },
      'connecting',
      'open',
      { id: 'ada' },
    ])
  })

  test('[C-9] a snapshot is the same object until something changes', async () => {
    const { socket, server, clock } = await openRig()
    const snapshot = socket.getSnapshot()
    await clock.advance(60_000)
    expect(socket.getSnapshot()).toBe(snapshot)
    const seen: unknown[] = []
    const unsubscribe = socket.subscribe(() => seen.push(socket.getSnapshot()))
    server.drop()
    await server.settle()
    expect(seen).toHaveLength(1)
    expect(socket.getSnapshot()).not.toBe(snapshot)
    unsubscribe()
    await clock.advance(500)
    expect(seen).toHaveLength(1)
  })

  test('[C-12] a listener that throws does not keep it from connecting', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const { socket, server } = rig()
    const bad = () => {
      throw new Error('bad listener')
    }
    socket.on('status', bad)
    socket.subscribe(bad)
    socket.connect()
    await server.settle()
    vi.unstubAllGlobals()
    expect(socket.status).toBe('open')
    expect(reported).toHaveBeenCalled()
  })

  test('listeners may call back: disconnect from within open', async () => {
    const { socket, server, clock } = rig()
    socket.on('open', () => void socket.disconnect())
    socket.connect()
    await server.settle()
    expect([socket.status, clock.pending]).toEqual(['closed', 0])
  })

  test('[C-19] refuses topics that are none, and takes strange ones', async () => {
    const { socket } = await openRig()
    for (const topic of ['', 'rollcall', 5 as never]) {
      expect(() => socket.channel(topic)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    }
    for (const topic of ['__proto__', 'constructor', 'toString']) {
      const channel = socket.channel(topic)
      await channel.join()
      expect(channel.status).toBe('joined')
      expect(socket.channel(topic)).toBe(channel)
    }
    expect(socket.channels.map(({ topic }) => topic)).toEqual(['__proto__', 'constructor', 'toString'])
  })
})
