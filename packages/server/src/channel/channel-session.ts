import type { Dialect, Presence, ServerMessage, Topic } from '@rollcall/shared-protocol'
import { SmallMap } from '../collections'
import type { Account } from '../identity/account'
import type { Identity } from '../identity/identity'
import type { Packet } from '../io/packet'
import { estimateJsonBytes } from '../presence/history'
import type { ChannelReplies } from './channel-replies'
import type { TopicSubscription } from './topic-subscription'

/** Bytes of memory, about, for what one session has shown: enough for several hundred topics with ordinary metas. */
const MAX_BYTES = 262_144
/** A remembered presence, beside its texts and its meta. */
const ENTRY_BYTES = 160

/**
 * What a session last showed of itself in the topics where it may only read. Nothing is dropped for something newer:
 * a topic that was forgotten would look like one that the session was never in, where it may show anything. (S-95)
 */
export class LastShownPresences {
  readonly #byTopic = new SmallMap<Topic, Presence>()
  #bytes = 0
  #isComplete = true

  /** About how many bytes it holds. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a topic that is not here is one in which the session has shown nothing. Once false, it stays so. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get(topic: Topic): Presence | undefined {
    return this.#byTopic.get(topic)
  }

  /** Remembers it, where there is room. */
  set(topic: Topic, presence: Presence): void {
    this.delete(topic)
    const bytes = weigh(topic, presence)
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#isComplete = false
      return
    }
    this.#bytes += bytes
    this.#byTopic.set(topic, presence)
  }

  delete(topic: Topic): void {
    const known = this.#byTopic.get(topic)
    if (!known) return
    this.#bytes -= weigh(topic, known)
    this.#byTopic.delete(topic)
  }
}

function weigh(topic: Topic, { ref, key, meta }: Presence): number {
  return ENTRY_BYTES + estimateJsonBytes([topic, ref, key, meta])
}

/** What a session says through: the connection that holds it. */
export interface Outlet {
  send(message: ServerMessage): void
  /** Sends what was encoded already, for many. */
  deliver(packet: Packet): void
  /** Whether the peer is behind with its reading, so that presence is to wait. */
  readonly isCongested: boolean
  /** Whether a state can be delivered now; where not, {@link ChannelSession} is told to catch up once it can. */
  canSendState(): boolean
  close(code: number, reason: string): void
}

/** The session, as far as its channels know it. What is sent while no connection holds it is dropped. */
export interface ChannelSession extends Outlet {
  readonly id: string
  readonly identity: Identity
  readonly dialect: Dialect
  /** Whom its presences are counted for; null for nobody. */
  readonly account: Account | null
  readonly params: ReadonlyMap<string, string>
  readonly assigns: Map<string, unknown>
  /** What it last showed in topics where it may only read. A join there shows the same again. (S-62) */
  readonly lastShown: LastShownPresences
  /** Its channels: one that joins finds there the one whose place it takes. */
  readonly channels: {
    get(
      topic: Topic,
    ): { readonly answers: ChannelReplies; readonly subscription: TopicSubscription } | undefined
  }
  /** The channel of this topic has ended by itself. */
  forget(topic: Topic): void
}
