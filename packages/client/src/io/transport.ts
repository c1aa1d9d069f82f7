import type { Frame } from '@rollcall/shared-protocol'

/** One physical WebSocket, or what stands in for one. A socket owns one after another. */
export interface Transport {
  /** Sends one frame: a text, or bytes where the dialect has binary frames. Called only between `onOpen` and the end. */
  send(frame: Frame): void
  /** Asks for an orderly end; `onClose` follows when the other side has agreed, which may be never. */
  close(code: number, reason: string): void
  /** Drops the connection at once, without asking the other side. No callback is called any more. */
  abandon(): void
}

/** What a transport tells. `onClose` comes once and last, whether or not `onOpen` came. */
export interface TransportListener {
  onOpen(): void
  onFrame(frame: Frame): void
  /** `code` is the WebSocket close code, 1006 where the connection broke or never came about. */
  onClose(code: number, reason: string): void
}

/**
 * Starts a connection. No callback is called before it returns. May throw, where an address cannot be used; what fails
 * later is told through `onClose`.
 *
 * @param subprotocol - To be offered; null for none.
 * @param secretSubprotocol - To be offered after it, where there is an `authToken`: it holds the token, so that nobody
 *   may be shown it, and no server names it in its answer. Null for none.
 */
export type OpenTransport = (
  url: string,
  subprotocol: string | null,
  listener: TransportListener,
  secretSubprotocol?: string | null,
) => Transport
