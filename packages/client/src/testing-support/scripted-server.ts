import type { PresenceChanges } from '@rollcall/shared-protocol'
import type { OpenTransport, TransportListener } from '../io/transport'
import { Socket, type SocketOptions } from '../socket'

/*
 * A server that sends only what a test asks it to, for tests of the order of messages. It has one topic. A server that
 * replies by itself is in testing/fake-server.ts.
 */

export const LOBBY = 'room:lobby'

/** Longest wait before a lost connection is tried again, in milliseconds. */
const RETRY_MS = 10

type SentFrame = readonly [
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: Record<string, unknown>,
]

/** The server's end of one transport. */
export class Line {
  readonly sent: SentFrame[] = []
  readonly #listener: TransportListener

  constructor(listener: TransportListener) {
    this.#listener = listener
  }

  open(): void {
    this.#listener.onOpen()
  }

  say(frame: readonly unknown[]): void {
    this.#listener.onFrame(JSON.stringify(frame))
  }

  end(code = 1006): void {
    this.#listener.onClose(code, '')
  }

  /** The frames of this event that the client has sent. */
  of(event: string): SentFrame[] {
    return this.sent.filter((frame) => frame[3] === event)
  }

  /** Replies to the latest frame of the event. */
  answer(event: string, response: object = {}): void {
    const [joinRef, ref, topic] = this.of(event).at(-1) ?? []
    this.say([joinRef, ref, topic, 'phx_reply', { status: 'ok', response }])
  }

  welcome({ token = 's.1', resumed = false, settling_ms = 0 } = {}): void {
    this.answer('hello', { session: 's', token, resumed, identity: { id: 'ada' }, settling_ms })
  }

  state(epoch: string, seq: number, keys: readonly string[] = []): void {
    const presences = keys.map((key) => ({ ref: `${epoch}-${key}`, key, meta: {}, rev: 0 }))
    this.say([null, null, LOBBY, 'presence_state', { epoch, seq, digest: 0, presences }])
  }

  diff(
    epoch: string,
    base: number,
    seq: number,
    digest: number,
    changes: Partial<PresenceChanges> = {},
  ): void {
    const all = { joins: [], updates: [], leaves: [], ...changes }
    this.say([null, null, LOBBY, 'presence_diff', { epoch, base, seq, digest, ...all }])
  }
}

/** A socket with an open connection, and its server. */
export class ScriptedServer {
  readonly socket: Socket
  readonly #lines: Line[] = []
  readonly #pass: (ms: number) => Promise<void>

  /** @param pass - Lets time pass for the socket. */
  constructor(options: SocketOptions, pass: (ms: number) => Promise<void>) {
    this.#pass = pass
    const transport: OpenTransport = (_url, _subprotocol, listener) => {
      const line = new Line(listener)
      this.#lines.push(line)
      return {
        send: (frame) => line.sent.push(JSON.parse(frame as string)),
        close: (code) => line.end(code),
        abandon: () => {},
      }
    }
    const backoff = { baseMs: RETRY_MS, capMs: RETRY_MS }
    this.socket = new Socket('ws://test/socket', {
      transport,
      backoff,
      heartbeatIntervalMs: 600_000,
      ...options,
    })
    this.socket.connect()
    this.line.open()
  }

  /** The latest connection. */
  get line(): Line {
    const line = this.#lines.at(-1)
    if (!line) throw new Error('No client has connected.')
    return line
  }

  /** Lets the socket connect again. */
  async reopen(): Promise<Line> {
    await this.#pass(RETRY_MS)
    this.line.open()
    return this.line
  }

  async reconnect(closeCode = 1006): Promise<Line> {
    this.line.end(closeCode)
    return this.reopen()
  }
}
