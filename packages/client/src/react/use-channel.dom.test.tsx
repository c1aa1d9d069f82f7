import { act, cleanup, render, renderHook } from '@testing-library/react'
import { Activity, type ReactNode, StrictMode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ChannelStatus } from '../channel/channel'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { fakeFrames } from '../testing-support/fake-frames'
import { RollcallProvider } from './provider'
import { useChannel } from './use-channel'

beforeEach(() => void vi.useFakeTimers(fakeFrames()))
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const paint = () => void vi.advanceTimersToNextFrame()

function Lobby({ seen }: { seen: (status: ChannelStatus) => void }) {
  seen(useChannel('room:lobby').status)
  return null
}

async function setUp({ isStrict = false } = {}) {
  const server = createFakeServer()
  const clock = new VirtualClock()
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock,
    params: { user_id: 'ada' },
  })
  socket.connect()
  await server.settle()
  const wrapper = ({ children }: { children: ReactNode }) => {
    const inside = <RollcallProvider socket={socket}>{children}</RollcallProvider>
    return isStrict ? <StrictMode>{inside}</StrictMode> : inside
  }
  const settle = () =>
    act(async () => {
      await server.settle()
      await clock.advance(1)
      paint()
    })
  return { server, socket, wrapper, settle }
}

test('a mounted component is in the topic, an unmounted one is not', async () => {
  const { server, socket, wrapper, settle } = await setUp()
  const { result, unmount } = renderHook(() => useChannel('room:lobby', { meta: { name: 'Ada' } }), {
    wrapper,
  })
  expect(result.current.status).toBe('joining')
  await settle()
  expect(result.current).toMatchObject({ status: 'joined', error: null })
  expect(result.current.channel?.topic).toBe('room:lobby')
  expect(server.joins('room:lobby')).toEqual([{ meta: { name: 'Ada' } }])

  unmount()
  await settle()
  expect(result.current.channel?.status).toBe('left')
  expect(socket.channels).toEqual([])
})

test('StrictMode neither joins twice nor leaves', async () => {
  const { server, wrapper, settle } = await setUp({ isStrict: true })
  const { result, unmount } = renderHook(() => useChannel('room:lobby'), { wrapper })
  await settle()
  expect(result.current.status).toBe('joined')
  expect(server.joins('room:lobby')).toHaveLength(1)
  await settle()
  expect(result.current.status).toBe('joined')
  unmount()
  await settle()
  expect(result.current.channel?.status).toBe('left')
})

test('components share a topic: the last one out leaves it', async () => {
  const { server, socket, wrapper, settle } = await setUp()
  const first = renderHook(() => useChannel('room:lobby', { meta: { name: 'Ada' } }), { wrapper })
  const second = renderHook(() => useChannel('room:lobby'), { wrapper })
  await settle()
  expect(second.result.current.channel).toBe(first.result.current.channel)
  expect(server.joins('room:lobby')).toEqual([{ meta: { name: 'Ada' } }])

  // A component without a payload does not replace that of another.
  server.drop()
  await settle()
  act(() => socket.reconnectNow())
  await settle()
  expect(server.joins('room:lobby')[1]).toEqual({ meta: { name: 'Ada' } })

  first.unmount()
  await settle()
  expect(second.result.current.status).toBe('joined')
  second.unmount()
  await settle()
  expect(socket.channels).toEqual([])
})

test('another topic is joined instead, no topic none', async () => {
  const { socket, wrapper, settle } = await setUp()
  const { result, rerender } = renderHook(({ topic }: { topic: string | null }) => useChannel(topic), {
    wrapper,
    initialProps: { topic: 'room:a' as string | null },
  })
  await settle()
  rerender({ topic: 'room:b' })
  await settle()
  expect(socket.channels.map(({ topic }) => topic)).toEqual(['room:b'])
  expect(result.current).toMatchObject({ status: 'joined', channel: { topic: 'room:b' } })

  rerender({ topic: null })
  await settle()
  expect(socket.channels).toEqual([])
  expect(result.current).toEqual({ channel: null, status: 'idle', error: null, response: null })
})

test('a rejoin takes the latest payload, which by itself joins nothing anew', async () => {
  const { server, socket, wrapper, settle } = await setUp()
  const { rerender } = renderHook(({ name }) => useChannel('room:lobby', () => ({ meta: { name } })), {
    wrapper,
    initialProps: { name: 'Ada' },
  })
  await settle()
  rerender({ name: 'Countess' })
  await settle()
  expect(server.joins('room:lobby')).toHaveLength(1)

  server.drop()
  await settle()
  act(() => socket.reconnectNow())
  await settle()
  expect(server.joins('room:lobby')).toEqual([{ meta: { name: 'Ada' } }, { meta: { name: 'Countess' } }])
})

test('a refusal is told, with its reason', async () => {
  const { server, wrapper, settle } = await setUp()
  server.refuse('room:secret', 'unauthorized')
  const { result } = renderHook(() => useChannel('room:secret'), { wrapper })
  await settle()
  expect(result.current).toMatchObject({
    status: 'refused',
    error: { code: 'refused', reason: 'unauthorized' },
  })
})

test('the handle is the same object until something changes', async () => {
  const { wrapper, settle } = await setUp()
  const { result, rerender } = renderHook(() => useChannel('room:lobby', {}), { wrapper })
  await settle()
  const before = result.current
  rerender()
  expect(result.current).toBe(before)
})

test('hidden and shown again, a component is back in its topic', async () => {
  const { server, socket, settle } = await setUp()
  const statuses: ChannelStatus[] = []
  const page = (mode: 'visible' | 'hidden') => (
    <RollcallProvider socket={socket}>
      <Activity mode={mode}>
        <Lobby seen={(status) => statuses.push(status)} />
      </Activity>
    </RollcallProvider>
  )
  const { rerender } = render(page('visible'))
  await settle()
  rerender(page('hidden'))
  await settle()
  expect(socket.channels).toEqual([])
  rerender(page('visible'))
  await settle()
  expect(statuses.at(-1)).toBe('joined')
  expect(server.joins('room:lobby')).toHaveLength(2)
})

test('shown again, it shares the channel that others have opened meanwhile', async () => {
  const { server, socket, wrapper, settle } = await setUp()
  const statuses: ChannelStatus[] = []
  const page = (mode: 'visible' | 'hidden') => (
    <RollcallProvider socket={socket}>
      <Activity mode={mode}>
        <Lobby seen={(status) => statuses.push(status)} />
      </Activity>
    </RollcallProvider>
  )
  const { rerender } = render(page('visible'))
  await settle()
  rerender(page('hidden'))
  await settle()
  renderHook(() => useChannel('room:lobby'), { wrapper })
  await settle()
  rerender(page('visible'))
  await settle()
  expect(statuses.at(-1)).toBe('joined')
  expect(socket.channels).toHaveLength(1)
  expect(server.joins('room:lobby')).toHaveLength(2)
})
