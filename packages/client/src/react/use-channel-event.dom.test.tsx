import { act, cleanup, renderHook } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { RollcallProvider } from './provider'
import { useChannel, useChannelEvent } from './use-channel'

afterEach(cleanup)

async function setUp() {
  const server = createFakeServer()
  const socket = new Socket('ws://test/socket', { transport: server.transport, clock: new VirtualClock() })
  const wrapper = ({ children }: { children: ReactNode }) => (
    <StrictMode>
      <RollcallProvider socket={socket}>{children}</RollcallProvider>
    </StrictMode>
  )
  socket.connect()
  await server.settle()
  const tell = (event: string, payload: string) =>
    act(async () => {
      server.broadcast('room:lobby', event, payload)
      await server.settle()
    })
  return { server, wrapper, tell }
}

test('each event is heard once, by the latest handler, until the component is gone', async () => {
  const { server, wrapper, tell } = await setUp()
  const heard: string[] = []
  const { rerender, unmount } = renderHook(
    ({ by }) => {
      const { channel } = useChannel('room:lobby')
      useChannelEvent<string>(channel, 'news', (payload) => heard.push(`${by}: ${payload}`))
    },
    { wrapper, initialProps: { by: 'first' } },
  )
  await act(() => server.settle())
  await tell('news', 'one')
  await tell('other', 'not for us')
  rerender({ by: 'second' })
  await tell('news', 'two')
  expect(heard).toEqual(['first: one', 'second: two'])
  unmount()
  await tell('news', 'three')
  expect(heard).toHaveLength(2)
})

test('another event is listened to instead, and without a channel none', async () => {
  const { server, wrapper, tell } = await setUp()
  const heard: string[] = []
  const { rerender } = renderHook(
    ({ event, isIn }) => {
      const { channel } = useChannel('room:lobby')
      useChannelEvent<string>(isIn ? channel : null, event, (payload) => heard.push(payload))
    },
    { wrapper, initialProps: { event: 'a', isIn: true } },
  )
  await act(() => server.settle())
  rerender({ event: 'b', isIn: true })
  await tell('a', 'missed')
  await tell('b', 'heard')
  rerender({ event: 'b', isIn: false })
  await tell('b', 'missed too')
  expect(heard).toEqual(['heard'])
})
