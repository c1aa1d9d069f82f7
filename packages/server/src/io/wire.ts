import type { Packet } from './packet'

/*
 *   listener --admit(handshake)--> Acceptance --open(wire)--> WireEvents
 *
 * The port between connections and their transport. A listener reads handshakes and creates wires; a wire carries
 * messages. Both must keep the laws S-69 to S-73, which wire-conformance.ts tests. docs/guides/listener.md explains how to
 * write one.
 */

/** The server's end of one connection. None of its methods calls an event from within the call. (S-69) */
export interface Wire {
  /**
   * Writes packets, in one system call if possible. Returns the bytes of all packets but states: these count against a slow
   * reader. Does nothing after a close.
   */
  send(packets: readonly Packet[]): number
  /** Bytes that were sent but have not left this process. */
  readonly bufferedBytes: number
  /** Bytes that have left this process. It grows during a large write, if the runtime reports that. */
  readonly sentBytes: number
  /** Asks for {@link WireEvents.onDrain} when no bytes wait any more, even if few wait now. */
  watchDrain(): void
  /** Asks the peer for a sign of life, which arrives as {@link WireEvents.onPong}. */
  ping(): void
  /** Starts an orderly close. The peer has a bounded time to answer, and nothing else that it sends is read. */
  close(code: number, reason: string): void
  /** Ends the connection at once. */
  terminate(): void
}

/** The events of a wire. */
export interface WireEvents {
  /**
   * A whole message: the UTF-8 bytes of a text, or binary data. `data` is valid until the call returns. `wireBytes` is the
   * number of bytes that the peer sent for it, which may be larger than `data`, or much smaller if it was compressed.
   */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void
  /**
   * Bytes arrived that carry no message: control frames, empty fragments, line ends of a post. `isRefused` means that they
   * were rejected and the sender was told.
   */
  onNonMessageBytes(bytes: number, isRefused: boolean): void
  /** The peer gave a sign of life. */
  onPong(): void
  /** All sent bytes have left this process, after many had to wait or after {@link Wire.watchDrain}. May be called repeatedly. */
  onDrain(): void
  /** The connection has ended. Called exactly once, as the last event. 1006 means that the peer sent no close. */
  onClose(code: number, reason: string): void
}

/** The handshake of a client. */
export interface HandshakeRequest {
  readonly path: string
  /** The query string. A repeated name has its last value. */
  readonly params: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The subprotocols that the client offers, without one that carries a token. */
  readonly subprotocols: readonly string[]
  /**
   * The client's token: from `Authorization: Bearer`, from the subprotocol `base64url.bearer.phx.…` (a browser cannot set
   * headers), or from a long poll's header. Null if there is none. Keep it out of logs.
   */
  readonly token: string | null
  /** The client's address; behind a proxy that `trustProxy` does not name, the proxy's. IPv4 is never written as IPv6. */
  readonly remoteAddress: string
}

/** A refused handshake: an HTTP status, and a reason and a message for its body. */
export interface HandshakeRefusal {
  readonly status: number
  readonly reason: string
  readonly message: string
  /** Seconds after which the client may try again. */
  readonly retryAfterS?: number
}

/** An accepted handshake. Call exactly one of `open` and `abandon`. */
export interface Acceptance {
  readonly subprotocol: string | null
  /** Call it when the transport is open. */
  open(wire: Wire): WireEvents
  /** Call it instead if the client has gone or the rest of its handshake is invalid. */
  abandon(): void
}

/** Accepts or refuses a handshake. It must not reject, and must bound its own time. */
export type Admit = (request: HandshakeRequest) => Promise<Acceptance | HandshakeRefusal>

/** The reason of a refusal because the path or the subprotocols match no dialect. */
export const NO_DIALECT = 'no_dialect'
