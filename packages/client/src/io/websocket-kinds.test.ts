import { expect, type Mock, test, vi } from 'vitest'
import { openWebSocket } from './websocket-transport'

interface Stub {
  onopen?: () => void
  onerror?: (event: object) => void
  onclose?: (event: object) => void
  readonly close: Mock
}

/** Every WebSocket that was made; a test fires its events by hand. */
const made = vi.hoisted(() => [] as Stub[])

vi.mock('isomorphic-ws', () => ({
  default: Object.assign(
    function StubWebSocket() {
      const socket: Stub = { close: vi.fn() }
      made.push(socket)
      return socket
    },
    // A WebSocket class has its states as constants, unlike the stub of ws.
    { CONNECTING: 0 },
  ),
}))

function open() {
  const listener = { onOpen: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() }
  const transport = openWebSocket('ws://test/socket', 'rollcall.v1', listener)
  return { listener, transport, socket: made.at(-1) as Stub }
}

test('[C-40] a connect that fails with an error alone has ended, once', () => {
  const { listener, socket } = open()
  socket.onerror?.({ type: 'error', message: 'ECONNREFUSED' })
  expect(listener.onClose.mock.calls).toEqual([[1006, 'ECONNREFUSED']])
  socket.onclose?.({ code: 1006, reason: '' })
  expect(listener.onClose).toHaveBeenCalledTimes(1)
})

test('[C-40] an error of an open connection waits for its close, which has the code', () => {
  const { listener, socket } = open()
  socket.onopen?.()
  socket.onerror?.({ type: 'error' })
  expect(listener.onClose).not.toHaveBeenCalled()
  socket.onclose?.({ code: 1009 })
  expect(listener.onClose.mock.calls).toEqual([[1009, '']])
})

test('[C-5] an error after it was abandoned is not told', () => {
  const { listener, socket, transport } = open()
  transport.abandon()
  socket.onerror?.({ type: 'error' })
  expect(listener.onClose).not.toHaveBeenCalled()
  expect(socket.close).toHaveBeenCalledTimes(1)
})
