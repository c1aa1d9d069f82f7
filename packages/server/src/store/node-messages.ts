import { field, isJsonObject, type JsonObject, type JsonValue } from '@rollcall/shared-protocol'
import { retryDelay, STORE_RETRY } from '../async/retry'
import type { Clock, Timer } from '../io/clock'
import type { Logger } from '../log'
import type { Store, StoreMessage, Subscription, TopicFeed } from './store'

/** The target of a kick: every connection of one identity, or one session. */
export type KickTarget = { readonly identity: string } | { readonly session: string }

/** Asks every node to kick. */
export interface Kick {
  readonly target: KickTarget
  /** The reason in the close frame. */
  readonly reason: string
}

/** The topic of messages between nodes. Clients cannot name it. */
export const CONTROL_TOPIC = '\u0000rollcall'

const KICK = 'kick'

/** Messages between the nodes of one store. */
export class NodeMessages implements TopicFeed {
  readonly #store: Pick<Store, 'subscribe' | 'publish'>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #onKick: (kick: Kick) => void
  #subscription: Subscription | null = null
  #retry: Timer | null = null
  /** Attempts in a row that failed. */
  #failures = 0
  #isClosed = false

  constructor(
    store: Pick<Store, 'subscribe' | 'publish'>,
    clock: Clock,
    log: Logger,
    onKick: (kick: Kick) => void,
  ) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#onKick = onKick
  }

  /** Subscribes, and tries again until the store takes it. */
  open(): void {
    this.#store.subscribe(CONTROL_TOPIC, this).then(
      (subscription) => {
        this.#subscription = subscription
        if (this.#isClosed) subscription.cancel()
      },
      (error: unknown) => {
        if (this.#isClosed) return
        this.#log.debug({ err: error }, 'could not subscribe to the messages of the other nodes; retrying')
        const delayMs = retryDelay(++this.#failures, STORE_RETRY)
        this.#retry = this.#clock.after(delayMs, () => this.#openAgain())
      },
    )
  }

  /** Call it when the store is reachable again. A subscription that waits for its next attempt tries at once. */
  retryNow(): void {
    if (!this.#retry) return
    this.#failures = 0
    this.#openAgain()
  }

  #openAgain(): void {
    this.#retry?.cancel()
    this.#retry = null
    this.open()
  }

  /** Resolves once the store has published it. */
  publish({ target, reason }: Kick): Promise<void> {
    return this.#store.publish(CONTROL_TOPIC, { event: KICK, payload: { ...target, reason } })
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#retry = null
    this.#subscription?.cancel()
  }

  // --- TopicFeed -------------------------------------------------------------------------------------------------

  onSnapshot(): void {}

  onDiff(): void {}

  onMessage({ event, payload }: StoreMessage): void {
    const kick = event === KICK ? readKick(payload) : null
    if (kick && !this.#isClosed) this.#onKick(kick)
  }
}

/** Returns null for a payload that this version does not know. */
function readKick(payload: JsonValue): Kick | null {
  if (!isJsonObject(payload)) return null
  const target = targetIn(payload)
  const reason = field(payload, 'reason')
  return target && typeof reason === 'string' ? { target, reason } : null
}

function targetIn(payload: JsonObject): KickTarget | null {
  const [identity, session] = [field(payload, 'identity'), field(payload, 'session')]
  if (typeof identity === 'string') return { identity }
  return typeof session === 'string' ? { session } : null
}
