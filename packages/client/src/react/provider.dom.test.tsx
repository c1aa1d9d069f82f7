import { act, cleanup, render } from '@testing-library/react'
import { StrictMode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { fakeFrames } from '../testing-support/fake-frames'
import { RollcallProvider, useSocket } from './provider'
import { useConnection } from './use-connection'

beforeEach(() => void vi.useFakeTimers(fakeFrames()))
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const paint = () => void vi.advanceTimersToNextFrame()

const Status = () => <p>{useConnection().status}</p>
function Tell({ seen }: { seen: (socket: Socket) => void }) {
  seen(useSocket())
  return null
}

const settle = (server: { settle(): Promise<void> }) =>
  act(async () => {
    await server.settle()
    paint()
  })

test('a provider with an address connects while it is mounted, and says goodbye after', async () => {
  const server = createFakeServer()
  const options = { transport: server.transport, clock: new VirtualClock() }
  const { container, unmount } = render(
    <RollcallProvider url="ws://test/socket" options={options}>
      <Status />
    </RollcallProvider>,
  )
  await settle(server)
  expect(container.textContent).toBe('open')
  expect(server.connectionCount).toBe(1)

  unmount()
  await settle(server)
  expect(server.connectionCount).toBe(0)
})

test('StrictMode costs no second connection, and ends none', async () => {
  const server = createFakeServer()
  let opened = 0
  const transport: typeof server.transport = (...args) => {
    opened += 1
    return server.transport(...args)
  }
  const { container, unmount } = render(
    <StrictMode>
      <RollcallProvider url="ws://test/socket" options={{ transport, clock: new VirtualClock() }}>
        <Status />
      </RollcallProvider>
    </StrictMode>,
  )
  await settle(server)
  expect(container.textContent).toBe('open')
  expect(opened).toBe(1)
  unmount()
  await settle(server)
  expect(server.connectionCount).toBe(0)
})

test('new options alone change nothing; another address is another connection', async () => {
  const server = createFakeServer()
  const sockets = new Set<Socket>()
  const at = (url: string) => (
    <RollcallProvider url={url} options={{ transport: server.transport, clock: new VirtualClock() }}>
      <Tell seen={(socket) => sockets.add(socket)} />
    </RollcallProvider>
  )
  const { rerender } = render(at('ws://one/socket'))
  await settle(server)
  rerender(at('ws://one/socket'))
  await settle(server)
  expect(sockets.size).toBe(1)

  rerender(at('ws://two/socket'))
  await settle(server)
  expect(sockets.size).toBe(2)
  expect([...sockets].map(({ status }) => status)).toEqual(['closed', 'open'])
  expect(server.connectionCount).toBe(1)
})

test('a socket that is given is left alone', async () => {
  const server = createFakeServer()
  const socket = new Socket('ws://test/socket', { transport: server.transport, clock: new VirtualClock() })
  const { container, unmount } = render(
    <RollcallProvider socket={socket}>
      <Status />
    </RollcallProvider>,
  )
  await settle(server)
  expect(container.textContent).toBe('idle')

  socket.connect()
  await settle(server)
  expect(container.textContent).toBe('open')
  unmount()
  await settle(server)
  expect(socket.status).toBe('open')
  await socket.disconnect()
})

test('a hook outside of a provider says what is missing', () => {
  expect(() => render(<Status />)).toThrow(/<RollcallProvider>/)
})
