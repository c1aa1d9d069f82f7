import { isBinary, type Payload } from '@rollcall/shared-protocol'
import type { StoreMessage } from '../store/store'

/** An event as a store carries it between nodes: JSON. */
export function storeMessageOf(event: string, payload: Payload): StoreMessage {
  if (!isBinary(payload)) return { event, payload }
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return { event, payload: bytes.toString('base64'), isBinary: true }
}

/** What was sent on the other node. */
export function payloadOf({ payload, isBinary: isBytes }: StoreMessage): Payload {
  return isBytes ? new Uint8Array(Buffer.from(String(payload), 'base64')) : payload
}
