import assert from 'node:assert/strict'
import { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'
import { eventually } from './eventually'

/** The functions of a test runner. */
export interface WireConformanceRunner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
}

/** A client at the far end of a wire. */
export interface WirePeer {
  /** Received texts, in order. */
  readonly received: readonly string[]
  send(text: string): void
  /** Stops reading and answering until {@link resume}, so that sent bytes accumulate. */
  pause(): void
  resume(): void
  /** Disconnects without a close. */
  vanish(): void
  /** Closes in an orderly way. Absent if this kind of peer cannot. */
  leave?(code: number, reason: string): void
  /** Releases all its resources. */
  dispose(): Promise<void>
}

/**
 * Connects a peer and calls `open` once with its wire, as a listener calls the `open` of an acceptance. The wire must give
 * the peer at most two seconds to answer a close.
 */
export type OpenPeer = (open: (wire: Wire) => WireEvents) => Promise<WirePeer>

/** Records the events of a wire, and those that came at a wrong time. */
class RecordingEvents implements WireEvents {
  readonly messages: string[] = []
  readonly closes: { readonly code: number; readonly reason: string }[] = []
  /** `bufferedBytes` at each drain. */
  readonly drains: number[] = []
  readonly problems: string[] = []
  pongs = 0
  /** The wire's method that is running. */
  calling: string | null = null
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  onMessage(data: Buffer): void {
    this.#note('onMessage')
    this.messages.push(data.toString())
  }

  onNonMessageBytes(): void {
    this.#note('onNonMessageBytes')
  }

  onPong(): void {
    this.#note('onPong')
    this.pongs++
  }

  onDrain(): void {
    this.#note('onDrain')
    this.drains.push(this.#wire.bufferedBytes)
  }

  onClose(code: number, reason: string): void {
    this.#note('onClose')
    this.closes.push({ code, reason })
  }

  #note(event: string): void {
    if (this.calling !== null) this.problems.push(`${event} within ${this.calling}`)
    if (this.closes.length > 0) this.problems.push(`${event} after onClose`)
  }
}

/** A wire and its peer. It records events that arrive while one of the wire's methods runs. */
export class WirePair {
  readonly peer: WirePeer
  readonly events: RecordingEvents
  readonly #wire: Wire

  constructor(peer: WirePeer, wire: Wire, events: RecordingEvents) {
    this.peer = peer
    this.#wire = wire
    this.events = events
  }

  get bufferedBytes(): number {
    return this.#wire.bufferedBytes
  }

  get sentBytes(): number {
    return this.#wire.sentBytes
  }

  /** Sends one packet with these texts. */
  send(...texts: readonly string[]): number {
    return this.#call('send', () => this.#wire.send([new Packet(texts)]))
  }

  sendState(text: string): number {
    return this.#call('send', () => this.#wire.send([new Packet([text], true)]))
  }

  watchDrain(): void {
    this.#call('watchDrain', () => this.#wire.watchDrain())
  }

  ping(): void {
    this.#call('ping', () => this.#wire.ping())
  }

  close(code: number, reason: string): void {
    this.#call('close', () => this.#wire.close(code, reason))
  }

  terminate(): void {
    this.#call('terminate', () => this.#wire.terminate())
  }

  /** Waits for `onClose`. */
  ended(): Promise<void> {
    return eventually(() => assert.equal(this.events.closes.length, 1))
  }

  /** Throws if an event came at a wrong time. (S-69, S-70) */
  verify(): void {
    assert.deepEqual(this.events.problems, [])
  }

  #call<T>(name: string, run: () => T): T {
    this.events.calling = name
    try {
      return run()
    } finally {
      this.events.calling = null
    }
  }
}

export async function openPair(openPeer: OpenPeer): Promise<WirePair> {
  const opened: { readonly wire: Wire; readonly events: RecordingEvents }[] = []
  const peer = await openPeer((wire) => {
    const events = new RecordingEvents(wire)
    opened.push({ wire, events })
    return events
  })
  const [first, second] = opened
  assert.ok(first && !second, `the wire was opened ${opened.length} times instead of once`)
  return new WirePair(peer, first.wire, first.events)
}
