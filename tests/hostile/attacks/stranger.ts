import type { RawPeer } from '../support/raw-peer'
import { PATIENCE_MS } from './patience'

export interface Answer {
  readonly status: 'ok' | 'error'
  readonly response: Readonly<Record<string, any>>
}

const AT_ONCE = 50
const ENOUGH_THROTTLED = 20
/** Of one flood, should nothing be throttled. */
const MAX_FLOOD = 20_000

/** Somebody who speaks the native dialect, and need not keep to it. */
export class Stranger {
  readonly peer: RawPeer
  /** Replies, and faults that answer nothing in particular, by how often their reason came. */
  readonly reasons = new Map<string, number>()
  /** The last of them in full. */
  readonly refusals = new Map<string, Readonly<Record<string, any>>>()
  #refs = 0

  constructor(peer: RawPeer) {
    this.peer = peer
    peer.onMessage = (text) => this.#note(JSON.parse(text) as readonly any[])
  }

  frame(
    topic: string,
    event: string,
    payload: unknown = {},
    ref: string | null = `s${this.#refs++}`,
  ): string {
    // Only a join names itself; what comes after it is taken to be about the latest.
    return JSON.stringify([event === 'phx_join' ? ref : null, ref, topic, event, payload])
  }

  async ask(topic: string, event: string, payload: unknown = {}): Promise<Answer> {
    const ref = `s${this.#refs++}`
    return this.askRaw(this.frame(topic, event, payload, ref), ref)
  }

  /** Sends a text, and resolves with the reply to this ref. */
  async askRaw(text: string, ref: string): Promise<Answer> {
    const answered = this.peer.hear(
      (message) => message[3] === 'phx_reply' && message[1] === ref,
      PATIENCE_MS,
    )
    this.peer.say(text)
    const [, , , , payload] = await answered
    return payload
  }

  /** Sends a text, and resolves with the fault that it is answered with. */
  async faultOf(text: string): Promise<Readonly<Record<string, any>>> {
    const answered = this.peer.hear((message) => message[3] === 'fault', PATIENCE_MS)
    this.peer.say(text)
    return (await answered)[4]
  }

  /**
   * Sends these over and over, fifty at a time, until some were throttled. How many were sent. It does not go on until it
   * is put out: see the attack that does.
   */
  async floodUntilThrottled(next: () => string): Promise<number> {
    let sent = 0
    while (this.countOf('throttled') < ENOUGH_THROTTLED && sent < MAX_FLOOD) {
      for (let i = 0; i < AT_ONCE; i++, sent++) this.peer.say(next())
      if (!(await this.peer.settled(PATIENCE_MS))) break
    }
    return sent
  }

  /** How often something was refused for this reason. */
  countOf(reason: string): number {
    return this.reasons.get(reason) ?? 0
  }

  #note(message: readonly any[]): void {
    const [, , , event, payload] = message
    const refused =
      event === 'fault'
        ? payload
        : event === 'phx_reply' && payload.status === 'error'
          ? payload.response
          : null
    if (!refused) return
    this.reasons.set(refused.reason, this.countOf(refused.reason) + 1)
    this.refusals.set(refused.reason, refused)
  }
}
