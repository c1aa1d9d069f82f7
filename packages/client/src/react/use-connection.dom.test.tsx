import { act, cleanup, renderHook } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { fakeFrames } from '../testing-support/fake-frames'
import { RollcallProvider } from './provider'
import { useConnection, useRetryCountdown } from './use-connection'

beforeEach(() => void vi.useFakeTimers(fakeFrames()))
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const paint = () => void vi.advanceTimersToNextFrame()

const actAndPaint = (run: () => unknown) =>
  act(async () => {
    await run()
    paint()
  })

function setUp() {
  const server = createFakeServer()
  const clock = new VirtualClock(1_000_000)
  const backoff = { baseMs: 2_800, capMs: 2_800 }
  // A random number close to one: the longest wait.
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock,
    backoff,
    random: () => 0.999_99,
  })
  const wrapper = ({ children }: { children: ReactNode }) => (
    <RollcallProvider socket={socket}>{children}</RollcallProvider>
  )
  return { server, clock, socket, wrapper }
}

test('the connection is told as it changes', async () => {
  const { server, clock, socket, wrapper } = setUp()
  const { result } = renderHook(() => useConnection(), { wrapper })
  expect(result.current).toMatchObject({ status: 'idle', identity: null })
  await actAndPaint(() => socket.connect())
  expect(result.current.status).toBe('connecting')
  await actAndPaint(() => server.settle())
  expect(result.current).toMatchObject({ status: 'open', identity: { id: 'guest-1' }, retryAt: null })
  await actAndPaint(async () => {
    server.drop()
    await server.settle()
  })
  expect(result.current).toMatchObject({
    status: 'waiting',
    lastClose: { code: 1006 },
    identity: { id: 'guest-1' },
  })
  expect(result.current.retryAt).toBeGreaterThan(clock.now())
  await actAndPaint(() => socket.disconnect())
})

test('the seconds to the next try go by, and are gone with it', async () => {
  const { server, clock, socket, wrapper } = setUp()
  let renders = 0
  const { result } = renderHook(
    () => {
      renders += 1
      return useRetryCountdown(clock)
    },
    { wrapper },
  )
  await actAndPaint(() => socket.connect())
  await actAndPaint(() => server.settle())
  expect(result.current).toBeNull()

  server.stop()
  await actAndPaint(() => server.settle())
  expect(result.current).toBe(3)
  await actAndPaint(() => clock.advance(810))
  expect(result.current).toBe(2)
  renders = 0
  await actAndPaint(() => clock.advance(900))
  expect(result.current).toBe(2)
  expect(renders).toBe(0)
  await actAndPaint(() => clock.advance(110))
  expect(result.current).toBe(1)

  server.start()
  await actAndPaint(() => clock.advance(1_000))
  expect(socket.status).toBe('open')
  expect(result.current).toBeNull()
  await actAndPaint(() => socket.disconnect())
})

test('trying now ends the countdown, and no timer is left behind', async () => {
  const { server, clock, socket, wrapper } = setUp()
  const { result, unmount } = renderHook(() => useRetryCountdown(clock), { wrapper })
  await actAndPaint(() => socket.connect())
  await actAndPaint(() => server.settle())
  await actAndPaint(async () => {
    server.drop()
    await server.settle()
  })
  expect(result.current).toBe(3)
  await actAndPaint(() => socket.reconnectNow())
  expect(result.current).toBeNull()
  await actAndPaint(() => server.settle())

  await actAndPaint(async () => {
    server.drop()
    await server.settle()
  })
  unmount()
  await socket.disconnect()
  expect(clock.pending).toBe(0)
})

test('[C-35] a connection whose credentials are over is told as such, until it begins anew', async () => {
  const { server, socket, wrapper } = setUp()
  const { result } = renderHook(() => useConnection(), { wrapper })
  await actAndPaint(async () => {
    socket.connect()
    await server.settle()
  })
  expect(result.current.status).toBe('open')
  await actAndPaint(async () => {
    server.expire()
    await server.settle()
  })
  expect(result.current).toMatchObject({ status: 'closed', error: { code: 'expired' }, identity: null })
  await actAndPaint(async () => {
    socket.connect()
    await server.settle()
  })
  expect(result.current).toMatchObject({ status: 'open', error: null })
})
