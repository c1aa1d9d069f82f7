import type { Channel, JoinPayload } from '../channel/channel'
import type { Clock } from '../io/clock'
import type { TransportListener } from '../io/transport'
import { Socket, type SocketOptions } from '../socket'

/*
 * Plays phoenix-frames.txt to a socket. The socket sends what the recorded client sent, and the test compares it. The
 * socket receives the recorded server's frames, with the refs that the socket chose.
 */

type Json = readonly [joinRef: unknown, ref: unknown, topic: string, event: string, payload: object]

/** A clock that a test advances. */
export interface SteppedClock extends Clock {
  readonly pending: number
  advance(ms: number): Promise<void>
}

export class PhoenixReplay {
  readonly clock: SteppedClock
  readonly socket: Socket
  readonly urls: string[] = []
  readonly subprotocols: (string | null)[] = []
  /** The subprotocols with a token. */
  readonly secrets: (string | null | undefined)[] = []
  readonly sent: Json[] = []
  /** Binary frames. */
  readonly sentBytes: Uint8Array[] = []
  /** The differences between sent and recorded frames. */
  readonly differences: string[] = []
  readonly #refs = new Map<unknown, unknown>()
  #listener: TransportListener | null = null

  constructor(clock: SteppedClock, options: SocketOptions = {}) {
    this.clock = clock
    this.socket = new Socket('ws://test/socket', {
      dialect: 'phoenix',
      clock,
      random: () => 0.5,
      backoff: { baseMs: 10, capMs: 10 },
      transport: (url, subprotocol, listener, secret) => {
        this.urls.push(url)
        this.subprotocols.push(subprotocol)
        this.secrets.push(secret)
        this.#listener = listener
        return {
          send: (frame) => {
            if (typeof frame === 'string') this.sent.push(JSON.parse(frame))
            else this.sentBytes.push(frame)
          },
          close: (code) => listener.onClose(code, ''),
          abandon: () => {},
        }
      },
      ...options,
    })
    this.socket.connect()
    this.open()
  }

  open(): void {
    this.#listener?.onOpen()
  }

  say(frame: unknown): void {
    this.#listener?.onFrame(frame instanceof Uint8Array ? frame : JSON.stringify(frame))
  }

  end(code: number): void {
    this.#listener?.onClose(code, '')
  }

  /** Replies to the latest frame of the event. */
  answer(event: string, response: object = {}, status = 'ok'): void {
    const [joinRef, ref, topic] = this.sent.filter((frame) => frame[3] === event).at(-1) ?? []
    this.say([joinRef, ref, topic, 'phx_reply', { status, response }])
  }

  async play(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const [, arrow, rest = ''] = /^(->|<-|xx) ?(.*)$/.exec(line) ?? []
      if (arrow === 'xx') this.end(Number(rest.trim().split(' ')[1]))
      else if (arrow === '<-') this.say(this.#translated(JSON.parse(rest)))
      else this.#act(JSON.parse(rest))
      await this.clock.advance(0)
    }
  }

  #translated([joinRef, ref, ...more]: Json): unknown[] {
    return [this.#refs.get(joinRef) ?? joinRef, this.#refs.get(ref) ?? ref, ...more]
  }

  #act([joinRef, ref, topic, event, payload]: Json): void {
    // The client's clock sends heartbeats, not the application.
    if (event === 'heartbeat') return
    const channel: Channel = this.socket.channel(topic)
    if (event === 'phx_join')
      this.socket
        .channel(topic, payload as JoinPayload)
        .join()
        .catch(() => {})
    else if (event === 'phx_leave') void channel.leave()
    else channel.push(event, payload).catch(() => {})
    const sent = this.sent.at(-1)
    if (JSON.stringify(sent?.slice(2)) !== JSON.stringify([topic, event, payload]))
      this.differences.push(`${JSON.stringify(sent)} instead of ${JSON.stringify([topic, event, payload])}`)
    this.#refs.set(joinRef, sent?.[0]).set(ref, sent?.[1])
  }
}

/** Records the events of a channel's presence. */
export function eventsOf({ presence }: Channel): string[] {
  const events: string[] = []
  presence.on('join', ({ key }) => events.push(`join ${key}`))
  presence.on('update', ({ key, presences }) => events.push(`update ${key} ${presences.length}`))
  presence.on('leave', ({ key }) => events.push(`leave ${key}`))
  presence.on('sync', ({ size }) => events.push(`sync ${size}`))
  return events
}
