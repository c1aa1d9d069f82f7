import { describe, expect, test } from 'vitest'
import type { SocketOptions } from '../options'
import { Socket } from '../socket'
import { flushMicrotasks, VirtualClock } from '../testing/virtual-clock'
import { Line, LOBBY, ScriptedServer } from '../testing-support/scripted-server'

/* What a socket says of its session, and when. */

function opened(options: SocketOptions = {}) {
  const clock = new VirtualClock()
  const server = new ScriptedServer({ clock, ...options }, (ms) => clock.advance(ms))
  return { clock, server, socket: server.socket }
}

/** In the lobby, at a known position. */
function joined() {
  const it = opened()
  const { line } = it.server
  line.welcome()
  const channel = it.socket.channel(LOBBY, { meta: { n: 1 } })
  channel.join().catch(() => {})
  line.answer('phx_join')
  line.state('e1', 4)
  return { ...it, channel, line }
}

const helloOf = (line: Line) => line.of('hello')[0]?.[4]
const joinOf = (line: Line) => line.of('phx_join')[0]?.[4]

describe('hello', () => {
  test('[C-20] carries no token at first, and after a lost connection the latest one', async () => {
    const { server } = opened()
    expect(helloOf(server.line)).toEqual({ instance: expect.any(String) })
    server.line.welcome({ token: 's.1' })
    expect(helloOf(await server.reconnect())).toMatchObject({ token: 's.1' })
    server.line.welcome({ token: 's.2', resumed: true })
    expect(helloOf(await server.reconnect())).toMatchObject({ token: 's.2' })
  })

  test('[C-21] names the same instance for as long as the socket lives, and another than other sockets', async () => {
    const { server, socket } = opened()
    const { instance } = helloOf(server.line) ?? {}
    expect(String(instance).length).toBeGreaterThan(8)
    server.line.welcome()
    expect(helloOf(await server.reconnect())).toMatchObject({ instance })
    await socket.disconnect()
    socket.connect()
    expect(helloOf(await server.reopen())).toEqual({ instance })
    expect(helloOf(opened().server.line)?.instance).not.toBe(instance)
  })

  test('[C-21] of one whose session went on elsewhere is without the token', async () => {
    const items = new Map<string, string>()
    const sessionStorage = {
      getItem: (name: string) => items.get(name) ?? null,
      setItem: (name: string, value: string) => void items.set(name, value),
      removeItem: (name: string) => void items.delete(name),
    }
    const { server } = opened({ sessionStorage })
    server.line.welcome({ token: 's.1' })
    expect([...items.values()]).toEqual(['s.1'])
    expect(helloOf(await server.reconnect(4003))).not.toHaveProperty('token')
    expect(items.size).toBe(0)
  })

  test('[C-21] [C-35] of one whose session is over with its credentials is without the token', async () => {
    const clock = new VirtualClock()
    const lines: Line[] = []
    let logins = 0
    const socket = new Socket('ws://test/socket', {
      params: () => ({ login: ++logins }),
      clock,
      transport: (_url, _subprotocol, listener) => {
        const line = new Line(listener)
        lines.push(line)
        return {
          send: (frame) => line.sent.push(JSON.parse(String(frame))),
          close: () => {},
          abandon: () => {},
        }
      },
    })
    socket.connect()
    await clock.advance(0)
    lines[0]?.open()
    lines[0]?.welcome({ token: 's.1' })
    lines[0]?.end(4004)
    await clock.advance(1_000)
    lines[1]?.open()
    expect(lines[1] && helloOf(lines[1])).toEqual({ instance: expect.any(String) })
  })

  test('[C-21] after a goodbye is without the token', async () => {
    const { server, socket } = opened()
    server.line.welcome()
    await socket.disconnect()
    socket.connect()
    expect(helloOf(await server.reopen())).not.toHaveProperty('token')
  })

  test('[C-21] has a token that is in no snapshot and in no error', async () => {
    const { server, socket } = opened()
    server.line.welcome({ token: 'very.secret' })
    const { sent } = await server.reconnect()
    const [, ref] = sent[0] ?? []
    const response = { reason: 'closing' }
    server.line.say([null, ref, 'rollcall', 'phx_reply', { status: 'error', response }])
    const { error } = socket.getSnapshot()
    expect(error?.code).toBe('refused')
    expect(JSON.stringify([socket.getSnapshot(), error?.message, error?.response])).not.toContain('secret')
  })
})

describe('a join', () => {
  test('[C-20] of a channel that was joined says where its map stands', async () => {
    const { server } = joined()
    const presence_since = { epoch: 'e1', seq: 4 }
    expect(joinOf(await server.reconnect())).toEqual({ meta: { n: 1 }, presence_since })
  })

  test('[C-20] of one that was joined and has no map says that', async () => {
    const { server, socket } = opened()
    server.line.welcome()
    const channel = socket.channel(LOBBY)
    channel.join().catch(() => {})
    server.line.answer('phx_join')
    expect(joinOf(await server.reconnect())).toEqual({ presence_since: null })
  })

  test('[C-20] that was never answered begins anew', async () => {
    const { server, socket } = opened()
    server.line.welcome()
    const channel = socket.channel(LOBBY, { meta: { n: 1 } })
    channel.join().catch(() => {})
    expect(joinOf(await server.reconnect())).toEqual({ meta: { n: 1 } })
  })

  test('[C-20] after a leave begins anew, with the payload of now', async () => {
    const { server, socket, channel } = joined()
    server.line.end()
    await channel.leave()
    const again = socket.channel(LOBBY, { meta: { n: 2 } })
    again.join().catch(() => {})
    expect(joinOf(await server.reopen())).toEqual({ meta: { n: 2 } })
  })
})

describe('a leave that the server may not have got', () => {
  /** Left while away, and connected again; the server has not answered the hello yet. */
  async function leftWhileAway() {
    const it = joined()
    it.line.end()
    await it.channel.leave()
    return { ...it, line: await it.server.reopen() }
  }

  test('[C-22] is said once the session is resumed, and not before', async () => {
    const { line } = await leftWhileAway()
    expect(line.of('phx_leave')).toEqual([])
    line.welcome({ resumed: true })
    expect(line.of('phx_leave')).toEqual([[null, expect.any(String), LOBBY, 'phx_leave', {}]])
  })

  test('[C-22] is said again over each resumed session, until it is answered', async () => {
    const { server, line } = await leftWhileAway()
    line.welcome({ resumed: true })
    const second = await server.reconnect()
    second.welcome({ resumed: true })
    expect(second.of('phx_leave')).toHaveLength(1)
    second.answer('phx_leave')
    const third = await server.reconnect()
    third.welcome({ resumed: true })
    expect(third.of('phx_leave')).toEqual([])
  })

  test('[C-22] is not settled by the answer to an earlier one', async () => {
    const { server, line } = await leftWhileAway()
    line.welcome({ resumed: true })
    const [, earlier] = line.of('phx_leave')[0] ?? []
    const second = await server.reconnect()
    second.welcome({ resumed: true })
    second.say([null, earlier, LOBBY, 'phx_reply', { status: 'ok', response: {} }])
    const third = await server.reconnect()
    third.welcome({ resumed: true })
    expect(third.of('phx_leave')).toHaveLength(1)
  })

  test('[C-22] is not said in a session that is new, nor after it', async () => {
    const { server, line } = await leftWhileAway()
    line.welcome({ resumed: false })
    expect(line.of('phx_leave')).toEqual([])
    const second = await server.reconnect()
    second.welcome({ resumed: true })
    expect(second.of('phx_leave')).toEqual([])
  })

  test('[C-22] is not said where the topic is joined again: the join takes its place', async () => {
    const { server, socket, channel, line } = joined()
    line.end()
    await channel.leave()
    const again = socket.channel(LOBBY)
    again.join().catch(() => {})
    const next = await server.reopen()
    next.welcome({ resumed: true })
    expect([next.of('phx_join').length, next.of('phx_leave')]).toEqual([1, []])
  })

  test('[C-22] as it was under way when the connection was lost, is said again', async () => {
    const { server, channel, line } = joined()
    const left = channel.leave()
    expect(line.of('phx_leave')).toHaveLength(1)
    const next = await server.reconnect()
    await left
    next.welcome({ resumed: true })
    expect(next.of('phx_leave')).toHaveLength(1)
  })

  test('[C-22] as it was not answered in time, is said again at once, and over the next session', async () => {
    const { server, channel, line, clock } = joined()
    const left = channel.leave()
    await clock.advance(10_000)
    await left
    const [joinRef] = line.of('phx_join')[0] ?? []
    expect(line.of('phx_leave').map(([of]) => of)).toEqual([joinRef, null])
    const next = await server.reconnect()
    next.welcome({ resumed: true })
    expect(next.of('phx_leave')).toHaveLength(1)
  })

  test('[C-6] does not end a channel that was joined since, once it is answered', async () => {
    const { socket, line } = await leftWhileAway()
    line.welcome({ resumed: true })
    const channel = socket.channel(LOBBY)
    channel.join().catch(() => {})
    line.answer('phx_leave')
    line.say(['2', '2', LOBBY, 'phx_close', {}])
    line.answer('phx_join')
    await flushMicrotasks()
    expect(channel.status).toBe('joined')
  })
})

test('[C-22] of leave and join in a row the last word counts', async () => {
  for (const [word, status, joins] of [
    ['leave', 'left', 1],
    ['join', 'joined', 2],
  ] as const) {
    const { channel, line } = joined()
    void channel.leave()
    channel.join().catch(() => {})
    void channel.leave()
    if (word === 'join') channel.join().catch(() => {})
    line.answer('phx_leave')
    if (word === 'join') line.answer('phx_join')
    await flushMicrotasks()
    expect([channel.status, line.of('phx_join').length]).toEqual([status, joins])
  }
})
