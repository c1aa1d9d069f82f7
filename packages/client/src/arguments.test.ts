import { describe, expect, test, vi } from 'vitest'
import type { SocketParams } from './credentials/credentials'
import { readCredentials } from './credentials/credentials'
import { resolveSocketOptions } from './options'
import { Socket } from './socket'
import { createFakeServer } from './testing/fake-server'
import { VirtualClock } from './testing/virtual-clock'

/** A refusal whose message names all of these. */
const invalid = (...named: string[]) =>
  expect.objectContaining({
    name: 'RollcallError',
    code: 'invalid_argument',
    message: expect.toSatisfy((message: string) => named.every((name) => message.includes(name))),
  })

/** Values that JSON would silently change or refuse, with their names in messages. */
const NOT_OBJECTS: readonly (readonly [unknown, string])[] = [
  [null, 'null'],
  [5, 'a number'],
  [true, 'a boolean'],
  ['text', 'a string'],
  [['a'], 'an Array'],
  [new Map([['a', 1]]), 'a Map'],
  [new URLSearchParams('a=1'), 'a URLSearchParams'],
  [new Date(0), 'a Date'],
  [Promise.resolve({}), 'a Promise'],
  [new Uint8Array(1), 'a Uint8Array'],
]

function open() {
  const server = createFakeServer()
  const clock = new VirtualClock()
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock,
    params: { user_id: 'ada' },
  })
  socket.connect()
  return { server, clock, socket }
}

describe.each(NOT_OBJECTS)('[C-44] %s is refused at the call', (value, name) => {
  const never = value as never

  test('as params, whoever makes them', async () => {
    expect(() => resolveSocketOptions({ params: never })).toThrow(invalid('params', name))
    for (const params of [() => never, async () => never]) {
      if (value instanceof Promise) continue
      await expect(readCredentials({ params, authToken: null })).rejects.toEqual(invalid('params', name))
    }
  })

  test('as the meta of an update, and as a patch', async () => {
    const { server, socket, clock } = open()
    const channel = socket.channel('room:1', { meta: { n: 1 } })
    await Promise.all([channel.join(), server.settle()])
    await expect(channel.presence.update(never)).rejects.toEqual(invalid('presence.update', 'room:1', name))
    await expect(channel.presence.patch(never)).rejects.toEqual(invalid('presence.patch', 'room:1', name))
    await clock.advance(1_000)
    expect(channel.presence.get('ada')?.meta).toEqual({ n: 1 })
  })

  test('as the payload of a join', async () => {
    const { server, socket } = open()
    expect(() => socket.channel('room:1', never)).toThrow(invalid('room:1', name))
    expect(socket.channels).toEqual([])
    const late = socket.channel('room:2', () => never)
    const joined = late.join()
    const outcome = expect(joined).rejects.toEqual(invalid('room:2', name))
    await server.settle()
    await outcome
    expect(late.status).toBe('refused')
  })

  test('as options: of a socket, of its backoff, of a push, of a fake server', async () => {
    const { socket } = open()
    expect(() => resolveSocketOptions(never)).toThrow(invalid('options', name))
    expect(() => resolveSocketOptions({ backoff: never })).toThrow(invalid('backoff', name))
    expect(() => createFakeServer(never)).toThrow(invalid('options', name))
    const pushed = socket.channel('room:1').push('say', {}, never)
    await expect(pushed).rejects.toEqual(invalid('options', name))
  })

  test('as the meta of somebody at a fake server', () => {
    const { server } = open()
    const room = server.presence('room:1')
    expect(() => room.join('bob', never)).toThrow(invalid('bob', name))
    expect(() => room.update('bob', never)).toThrow(invalid('bob', name))
  })
})

describe('[C-44] a value of a connect param', () => {
  test.each([[{ a: 1 }], [['a']], [() => 'x'], [Symbol('x')], [10n]])('that is no text: %o', (value) => {
    const params = { token: value } as unknown as SocketParams
    expect(() => resolveSocketOptions({ params })).toThrow(invalid('"token"', typeof value))
  })
})

describe('[C-44] the payload of a push', () => {
  test.each([
    [new Map(), 'a Map'],
    [new Set(), 'a Set'],
    [Promise.resolve(1), 'a Promise'],
    [() => 1, 'a function'],
    [Symbol('x'), 'a symbol'],
    [10n, 'a bigint'],
  ])('that is no JSON is refused at the call: %o', async (payload, name) => {
    const { server, socket } = open()
    await expect(socket.channel('room:1').push('say', payload)).rejects.toEqual(invalid('say', name))
    expect(server.pushes('room:1')).toEqual([])
  })

  test.each([[null], [5], ['text'], [[1]], [{ a: 1 }]])('that is JSON goes through: %j', async (payload) => {
    const { server, socket } = open()
    const channel = socket.channel('room:1')
    channel.join().catch(() => {})
    channel.push('say', payload).catch(() => {})
    await server.settle()
    expect(server.pushes('room:1')).toMatchObject([{ payload }])
  })

  test.each([
    [{ timeout: 5 }, '"timeout"'],
    [{ timeoutMs: '5' }, 'timeoutMs'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs'],
    [{ timeoutMs: 2 ** 31 }, 'timeoutMs'],
  ])('with options that cannot be meant: %o', async (options, name) => {
    const { socket } = open()
    const pushed = socket.channel('room:1').push('say', {}, options as never)
    await expect(pushed).rejects.toEqual(invalid(name))
  })
})

test.each([
  [{ clock: {} }, 'clock'],
  [{ clock: null }, 'clock'],
  [{ networkHints: { isOnline: true } }, 'networkHints'],
  [{ sessionStorage: {} }, 'sessionStorage'],
  [{ sessionStorage: 'session' }, 'sessionStorage'],
  [{ transport: 'ws' }, 'transport'],
  [{ random: 0.5 }, 'random'],
])('[C-44] an option of a socket that is not what it has to be: %o', (options, name) => {
  expect(() => resolveSocketOptions(options as never)).toThrow(invalid(name))
})

test.each([
  [{ limit: {} }, '"limit"'],
  [{ limits: { metaByte: 1 } }, '"limits.metaByte"'],
  [{ limits: { metaBytes: '1' } }, 'metaBytes'],
  [{ expiresInMs: '1' }, 'expiresInMs'],
  [{ identify: 'ada' }, 'identify'],
])('[C-44] an option of a fake server that can not be meant: %o', (options, name) => {
  expect(() => createFakeServer(options as never)).toThrow(invalid(name))
})

test.each([[undefined], [null], [5], [{}]])('[C-44] the address %o', (address) => {
  expect(() => new Socket(address as never)).toThrow(invalid('address'))
})

test('[C-44] an object of a class, of another realm or without a prototype is one', () => {
  class User {
    name = 'ada'
  }
  for (const params of [new User(), Object.create(null), JSON.parse('{}')]) {
    expect(() => resolveSocketOptions({ params })).not.toThrow()
  }
})

test('[C-44] a mistake that nobody awaits shows as an unhandled rejection', async () => {
  const { socket } = open()
  const unhandled = vi.fn()
  process.once('unhandledRejection', unhandled)
  void socket.channel('room:1').presence.update(null as never)
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).toHaveBeenCalledTimes(1)
})
