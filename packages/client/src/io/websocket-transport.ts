import imported from 'isomorphic-ws'
import type { OpenTransport } from './transport'

type WebSocketClass = typeof imported

type WebSocketData = imported.Data

/**
 * The class to connect with: `ws` in Node, the platform's own elsewhere. Looked up for every connection, because tests
 * replace the platform's class after this file is loaded.
 *
 * @throws if the environment has none.
 */
export function webSocketClass(): WebSocketClass {
  return chooseWebSocket(imported, globalThis.WebSocket)
}

/**
 * Chooses between the imported class and the platform's. (C-50)
 *
 * A bundler may replace the imported class: by the stub of `ws` for browsers, by a namespace with the class in
 * `default`, or by nothing.
 */
export function chooseWebSocket(fromImport: unknown, fromPlatform: unknown): WebSocketClass {
  const found = classWithin(fromImport) ?? classWithin(fromPlatform)
  if (found) return found
  throw new Error(
    'this environment has no WebSocket. Set globalThis.WebSocket, or use the option "transport".',
  )
}

function classWithin(value: unknown): WebSocketClass | null {
  if (isWebSocketClass(value)) return value
  const inner = defaultOf(value)
  if (isWebSocketClass(inner)) return inner
  // A CommonJS build of an ES module that Node imports as CommonJS has a second `default`.
  const innermost = defaultOf(inner)
  return isWebSocketClass(innermost) ? innermost : null
}

// Every WebSocket class has its states as constants. The stub of `ws` has none.
function isWebSocketClass(value: unknown): value is WebSocketClass {
  return typeof value === 'function' && 'CONNECTING' in value
}

function defaultOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined
}

/*
 * The only file that uses a WebSocket: `ws` in Node, the platform's own elsewhere. They differ in how they end, as the
 * comments below explain.
 */

/** Opens a real WebSocket. The default of the `transport` option. */
export const openWebSocket: OpenTransport = (url, subprotocol, listener, secretSubprotocol = null) => {
  const WebSocketHere = webSocketClass()
  const socket = new WebSocketHere(url, offerOf(subprotocol, secretSubprotocol))
  // A Blob would have to be awaited, and frames would overtake each other.
  socket.binaryType = 'arraybuffer'
  let isAbandoned = false
  let isOpen = false
  let failure = ''
  const end = (code: number, reason: string) => {
    if (isAbandoned) return
    isAbandoned = true
    listener.onClose(code, reason === '' ? failure : reason)
  }

  socket.onopen = () => {
    isOpen = true
    if (!isAbandoned) listener.onOpen()
  }
  socket.onmessage = ({ data }) => {
    if (isAbandoned) return
    listener.onFrame(typeof data === 'string' ? data : bytesOf(data))
  }
  // Stays after `abandon`, because `ws` throws an error that has no listener. (C-52) The message is the only reason that
  // `ws` gives for a failed connection; a browser gives none. The WebSocket of Node 22 itself reports such a failure by
  // this event alone, so the connection ends here without waiting for `close`. (C-40)
  socket.onerror = (event) => {
    failure = event.message ?? ''
    if (!isOpen) end(1006, '')
  }
  // React Native leaves an empty reason out.
  socket.onclose = ({ code, reason }) => end(code, reason ?? '')

  return {
    send: (frame) => socket.send(frame),
    close: (code, reason) => socket.close(code, reason),
    abandon: () => {
      isAbandoned = true
      // With `close`, a dead peer would keep a Node process alive for half a minute.
      if (typeof socket.terminate === 'function') socket.terminate()
      else socket.close()
    },
  }
}

function offerOf(subprotocol: string | null, secret: string | null): string | string[] {
  if (secret === null) return subprotocol ?? []
  return subprotocol === null ? [secret] : [subprotocol, secret]
}

function bytesOf(data: WebSocketData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array()
}
