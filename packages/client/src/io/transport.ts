import type { Frame } from '@rollcall/shared-protocol'

/** One physical WebSocket, or a replacement for one. A socket uses one after another. */
export interface Transport {
  /** Sends one frame: text, or bytes if the dialect has binary frames. Called only between `onOpen` and the end. */
  send(frame: Frame): void
  /** Starts the closing handshake. `onClose` follows when the server has answered it, which may be never. */
  close(code: number, reason: string): void
  /** Drops the connection at once, without a closing handshake. No callback is called after that. */
  abandon(): void
}

/** The callbacks of a transport. `onClose` comes once and last, with or without an `onOpen` before it. */
export interface TransportListener {
  onOpen(): void
  onFrame(frame: Frame): void
  /** `code` is the WebSocket close code; 1006 if the connection broke or was never made. */
  onClose(code: number, reason: string): void
}

/**
 * Starts a connection. Calls no callback before it returns. May throw for an address that cannot be used; a later
 * failure is reported through `onClose`.
 *
 * @param subprotocol - The subprotocol to offer; null for none.
 * @param secretSubprotocol - A second subprotocol to offer, with the token of `authToken`. Never log or show it. No
 *   server selects it in its response. Null for none.
 */
export type OpenTransport = (
  url: string,
  subprotocol: string | null,
  listener: TransportListener,
  secretSubprotocol?: string | null,
) => Transport
