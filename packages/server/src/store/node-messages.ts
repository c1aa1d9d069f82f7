import { field, isJsonObject, type JsonObject, type JsonValue } from '@rollcall/shared-protocol'
import { retryDelay } from '../async/retry'
import type { Clock, Timer } from '../io/clock'
import type { Logger } from '../log'
import type { Store, StoreMessage, Subscription, TopicFeed } from './store'

/** Who is put out: everybody whose identity has this id, or one session. */
export type KickTarget = { readonly identity: string } | { readonly session: string }

/** What nodes tell each other. */
export interface Kick {
  readonly target: KickTarget
  /** What the peer is told with the close. */
  readonly reason: string
}

export interface NodeMessagesContext {
  readonly store: Pick<Store, 'subscribe' | 'publish'>
  readonly clock: Clock
  readonly log: Logger
  readonly onKick: (kick: Kick) => void
}

/** The topic on which nodes speak to each other. No client can name it. */
export const CONTROL_TOPIC = '\u0000rollcall'

const KICK = 'kick'

/** Milliseconds that a subscription waits for its next try: after the first failure, and at most. */
const RETRY_MS = 250
const MAX_RETRY_MS = 1000

/** What this node has to say to the others of its store, beside what happens in topics, and they to it. */
export class NodeMessages implements TopicFeed {
  readonly #context: NodeMessagesContext
  #subscription: Subscription | null = null
  #retry: Timer | null = null
  /** Tries in a row that failed. */
  #failures = 0
  #isClosed = false

  constructor(context: NodeMessagesContext) {
    this.#context = context
  }

  /** Begins to listen, as soon as the store can be asked. */
  open(): void {
    const { store, clock, log } = this.#context
    store.subscribe(CONTROL_TOPIC, this).then(
      (subscription) => {
        this.#subscription = subscription
        if (this.#isClosed) subscription.cancel()
      },
      (error: unknown) => {
        if (this.#isClosed) return
        log.debug({ err: error }, 'the other nodes cannot be heard yet')
        const delayMs = retryDelay(++this.#failures, RETRY_MS, MAX_RETRY_MS)
        this.#retry = clock.after(delayMs, () => this.#openAgain())
      },
    )
  }

  /** The store is back: a subscription that waits for its next try is tried now. */
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

  /** Resolves once the store has taken it. */
  publish({ target, reason }: Kick): Promise<void> {
    return this.#context.store.publish(CONTROL_TOPIC, { event: KICK, payload: { ...target, reason } })
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
    if (kick && !this.#isClosed) this.#context.onKick(kick)
  }
}

/** Null for what no node of this version says. */
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
