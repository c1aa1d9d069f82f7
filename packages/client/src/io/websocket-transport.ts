import imported from 'isomorphic-ws'
import type { OpenTransport } from './transport'

type WebSocketClass = typeof imported

export type WebSocketData = imported.Data

/**
 * The class to connect with: `ws` in Node, the platform's own elsewhere. Looked up for every connection, because tests
 * replace the platform's after this file was loaded.
 *
 * @throws where the environment has none.
 */
export function webSocketClass(): WebSocketClass {
  return chooseWebSocket(imported, globalThis.WebSocket)
}

/**
 * Chooses from what a bundler made of the import, and what the platform has. (C-50)
 *
 * A bundler may put something else in the place of the class: the stub by which `ws` says that it does not work in
 * browsers, a namespace with the class in `default`, or nothing.
 */
export function chooseWebSocket(fromImport: unknown, fromPlatform: unknown): WebSocketClass {
  const found = classWithin(fromImport) ?? classWithin(fromPlatform)
  if (found) return found
  throw new Error(
    'this environment has no WebSocket. Set globalThis.WebSocket, or give the socket the option "transport".',
  )
}

function classWithin(value: unknown): WebSocketClass | null {
  if (isWebSocketClass(value)) return value
  const inner = defaultOf(value)
  if (isWebSocketClass(inner)) return inner
  // A CommonJS build of an ES module, imported as CommonJS by Node's rules.
  const innermost = defaultOf(inner)
  return isWebSocketClass(innermost) ? innermost : null
}

// Every WebSocket class has its states as constants; the stub of `ws` has none.
function isWebSocketClass(value: unknown): value is WebSocketClass {
  return typeof value === 'function' && 'CONNECTING' in value
}

function defaultOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined
}

/*
 * The one file that knows what a WebSocket does: `ws` in Node, the platform's own elsewhere. The two differ in how they
 * end, which is what the comments below are about.
 */

/** Opens a real WebSocket. The default of the `transport` option. */
export const openWebSocket: OpenTransport = (url, subprotocol, listener, secretSubprotocol = null) => {
  const WebSocketHere = webSocketClass()
  const socket = new WebSocketHere(url, offerOf(subprotocol, secretSubprotocol))
  // Bytes as a value, not as a Blob that must be awaited: frames would overtake each other.
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
  // Stays in place after `abandon`: `ws` throws what nobody listens for. Its message is all there is to say why a
  // connection never came about; a browser keeps that to itself. The WebSocket that Node 22 has of its own tells of such
  // a failure by this event alone, so nothing waits for a `close` that never comes.
  socket.onerror = (event) => {
    failure = event.message ?? ''
    if (!isOpen) end(1006, '')
  }
  // React Native leaves out the reason where there is none.
  socket.onclose = ({ code, reason }) => end(code, reason ?? '')

  return {
    send: (frame) => socket.send(frame),
    close: (code, reason) => socket.close(code, reason),
    abandon: () => {
      isAbandoned = true
      // `close` would keep a Node process alive for half a minute, waiting for a peer that is not there.
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
