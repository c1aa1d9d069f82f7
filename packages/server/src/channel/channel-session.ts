import type { Dialect, Presence, ServerMessage, Topic } from '@rollcall/shared-protocol'
import { SmallMap } from '../collections'
import type { Account } from '../identity/account'
import type { Identity } from '../identity/identity'
import type { Packet } from '../io/packet'
import { estimateJsonBytes } from '../presence/history'
import type { PresenceRegistry } from '../presence/presence-registry'
import type { ChannelReplies } from './channel-replies'
import type { HandlerLimits } from './run-handler'
import type { TopicSubscription } from './topic-subscription'

/** Approximate bytes for one session's remembered presences: several hundred topics with ordinary metas. */
const MAX_BYTES = 262_144
/** Approximate bytes of a remembered presence, without its texts and its meta. */
const ENTRY_BYTES = 160

/**
 * A session's last presence in each topic where it may only read. A full store takes nothing new and drops nothing: a
 * forgotten topic would look like one where the session never was, and there it may show anything. (S-95)
 */
export class LastShownPresences {
  readonly #byTopic = new SmallMap<Topic, Presence>()
  #bytes = 0
  #isComplete = true

  /** Approximate bytes in memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether every presence was remembered; if not, a missing topic means nothing. Once false, it stays false. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get(topic: Topic): Presence | undefined {
    return this.#byTopic.get(topic)
  }

  /** Remembers the presence if there is space. */
  set(topic: Topic, presence: Presence): void {
    this.delete(topic)
    const bytes = estimateBytes(topic, presence)
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
    this.#bytes -= estimateBytes(topic, known)
    this.#byTopic.delete(topic)
  }
}

function estimateBytes(topic: Topic, { ref, key, meta }: Presence): number {
  return ENTRY_BYTES + estimateJsonBytes([topic, ref, key, meta])
}

/** Carries a session's messages to its client: the connection that holds it. */
export interface Outlet {
  send(message: ServerMessage): void
  /** Sends a packet that was encoded for many. */
  deliver(packet: Packet): void
  /** Whether the client reads too slowly, so that presence must wait. */
  readonly isCongested: boolean
  /** Whether a state can be delivered now. If not, the connection tells the session once one can. */
  canSendState(): boolean
  close(code: number, reason: string): void
}

/** The session, as its channels know it. Messages are dropped while no connection holds it. */
export interface ChannelSession extends Outlet {
  readonly id: string
  readonly identity: Identity
  readonly dialect: Dialect
  /** The account that its presences are counted for; null for none. */
  readonly account: Account | null
  readonly params: ReadonlyMap<string, string>
  readonly assigns: Map<string, unknown>
  /** Its last presences in topics where it may only read. A join there shows the same again. (S-62) */
  readonly lastShown: LastShownPresences
  /** Its channels by topic. A new channel finds the one that it replaces here. */
  readonly channels: {
    get(
      topic: Topic,
    ): { readonly answers: ChannelReplies; readonly subscription: TopicSubscription } | undefined
  }
  /** Called when the channel of a topic has ended by itself. */
  forget(topic: Topic): void
}

export interface ChannelServices extends HandlerLimits {
  readonly registry: PresenceRegistry
  /** Messages of one channel that may wait for an earlier one. */
  readonly maxWaitingMessages: number
  /** Milliseconds in which the store must report the presences of a topic to a session that joins. */
  readonly storeTimeoutMs: number
  /** The option `rates.guestsPerAddress`. */
  readonly guestsPerAddress: number
}

/** The session's past in the topic that it joins. */
export interface JoinCircumstances {
  /** The session was in the topic already, under an earlier join. */
  readonly isRejoin: boolean
  /** The page was reloaded and took the session over, so nobody saw it leave. */
  readonly isResumed: boolean
  /** The session comes from another node, and may have a presence there. */
  readonly isTransferred: boolean
}
