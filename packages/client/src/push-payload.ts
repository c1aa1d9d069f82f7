import type { Payload } from '@rollcall/shared-protocol'

/** What the application pushes, with bytes of every kind as a `Uint8Array`. */
export function payloadOf(payload: unknown): Payload {
  if (isArrayBuffer(payload)) return new Uint8Array(payload)
  if (!ArrayBuffer.isView(payload)) return payload as Payload
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
}

/** Asked without `instanceof`: it may come from another realm. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}
