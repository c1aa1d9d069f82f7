import type { OpenTransport } from '../transport'
import { type WebSocketData, webSocketClass } from './websocket-class'

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
