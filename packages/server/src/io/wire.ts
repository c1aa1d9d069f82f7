import type { Packet } from './packet'

/*
 *   listener --admit(handshake)--> Acceptance --open(wire)--> WireEvents
 *
 * The port between connections and whatever carries them. A listener reads handshakes and makes wires; a wire carries
 * messages. Each keeps the laws S-69 to S-73, which wire-conformance.ts tests; docs/guides/listener.md says how to write one.
 */

/** The server's end of one connection. It tells nothing from within a call of one of these methods. (S-69) */
export interface Wire {
  /**
   * Hands packets to the operating system in one write, as far as it takes them. Returns how many bytes of them were not
   * a state: those count against a slow reader. Does nothing once closed.
   */
  send(packets: readonly Packet[]): number
  /** Bytes that were sent and have not left this process. */
  readonly bufferedBytes: number
  /** Bytes that have left this process so far. It grows while a large write is under way, as far as the runtime tells. */
  readonly sentBytes: number
  /** Has {@link WireEvents.onDrain} called once nothing waits any more, of however little that waits now. */
  watchDrain(): void
  /** Asks the peer to show that it is there; it answers through {@link WireEvents.onPong}. */
  ping(): void
  /** Begins an orderly close. The peer has a bounded time to answer; of what it sends only that is read. */
  close(code: number, reason: string): void
  /** Ends it now, without another word. */
  terminate(): void
}

/** What a wire tells its connection. */
export interface WireEvents {
  /**
   * A whole message: a text's UTF-8 bytes, or bytes. Valid until the call returns. `wireBytes`: how many bytes the peer
   * sent for it, which may be more than `data` has, or far fewer where it was compressed.
   */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void
  /**
   * Bytes came that carry no message: control frames, empty fragments, line ends of a post. `isRefused`: they were not
   * allowed, and their sender was told.
   */
  onNonMessageBytes(bytes: number, isRefused: boolean): void
  /** The peer showed that it is there. */
  onPong(): void
  /** All that was sent has left this process, after much of it had to wait or where it was watched. May come again. */
  onDrain(): void
  /** Once, the last of all. 1006 where the peer went without a word. */
  onClose(code: number, reason: string): void
}

/** What is known of a peer from its handshake. */
export interface HandshakeRequest {
  readonly path: string
  /** Of the query string; a name that comes twice has its last value. */
  readonly params: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** What the client offers, without a token that came as one. */
  readonly subprotocols: readonly string[]
  /**
   * The secret by which the client says who it is: of `Authorization: Bearer`, of the subprotocol
   * `base64url.bearer.phx.…` (a browser can set no header), or of a long poll's header. Null where there is none. Keep
   * it out of logs.
   */
  readonly token: string | null
  /** Of the client, where proxies are trusted (`trustProxy`); else of whoever connected. IPv4 is spelt as such. */
  readonly remoteAddress: string
}

/** A handshake that is not taken: an HTTP status and a body that helps. */
export interface HandshakeRefusal {
  readonly status: number
  readonly reason: string
  readonly message: string
  /** Seconds after which it is worth trying again. */
  readonly retryAfterS?: number
}

/** A handshake that is taken. */
export interface Acceptance {
  readonly subprotocol: string | null
  /** Called once the WebSocket is open. */
  open(wire: Wire): WireEvents
  /** Called instead where it will not be: the client has gone, or the rest of its handshake is wrong. */
  abandon(): void
}

/** Decides over a handshake. Must not reject; takes the time that it needs within its own bound. */
export type Admit = (request: HandshakeRequest) => Promise<Acceptance | HandshakeRefusal>

/** Reason of the refusal of a handshake that asks for nothing that is spoken here. */
export const NO_DIALECT = 'no_dialect'
