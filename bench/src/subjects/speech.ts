/** What a text does to the number of members that a client holds. */
export interface Count {
  /** Whether it begins anew: the number is then `change` alone. */
  readonly isWhole: boolean
  readonly change: number
}

/** A client's map of members, kept with all care, to tell whether the cheap count of the others is right. */
export interface Mirror {
  /** Takes any text of the server's. Returns the keys that it made known. Throws where the server broke its word. */
  take(text: string): readonly string[]
  keys(): Iterable<string>
}

export type Meta = Readonly<Record<string, string>>

/** How a subject is talked to: everything in which one differs from another, for the load generator. */
export interface Speech {
  /** Request target of the handshake of the member with this key. */
  target(key: string): string
  /** Subprotocol to offer. */
  readonly subprotocol?: string
  /** Value of `Sec-WebSocket-Extensions` to offer. */
  readonly extensions?: string
  /** What a client says as soon as the WebSocket is open, and whether a text is the answer that it waits for. */
  readonly greeting?: { readonly text: string; isAnswer(payload: Buffer): boolean }
  /** What has to be answered for the connection to stay open, beside the WebSocket's own pings. */
  readonly keepAlive?: { readonly ping: string; readonly pong: string }
  /** What one says to become a member; undefined where the open connection is a member already. */
  join(topic: string, key: string, meta: Meta): string | undefined
  publish(topic: string, body: string): string
  /** Replaces the member's own meta, where that can be done. */
  update?(topic: string, key: string, meta: Meta): string
  /** Undefined of what is not about presence, and where members are not told of each other. */
  count(payload: Buffer): Count | undefined
  mirror(): Mirror
  /** The same of clients that have left as soon as they drop, where that is otherwise not so. */
  readonly withoutGrace?: Speech
}
