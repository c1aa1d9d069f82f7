import type { Position } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../../io/clock'
import type { TopicFeed } from '../store'
import {
  OPENING,
  type SequencerEffect,
  type SequencerEvent,
  type SequencerState,
  stepSequencer,
} from './feed-sequencer-machine'
import { Holders } from './presence-holders'
import type { StoredSnapshot } from './scripts/snapshot'
import { type KnownPosition, NO_HISTORY } from './scripts/topic'
import type { TopicMessage } from './topic-message'

export interface FeedSequencerContext {
  readonly clock: Clock
  /** Milliseconds that a diff behind a gap waits for what is before it. */
  readonly gapMs: number
  /** Milliseconds that a lost history is given to be put together again. */
  readonly settleMs: number
  /** A snapshot is wanted; with `isAssert`, after this node's own presences were put there. */
  readonly onAsk: (isAssert: boolean) => void
}

/** Diffs that a line keeps behind a gap, at most. */
const MAX_BUFFERED = 256

const NOT_RUNNING: Timer = { cancel: () => {} }

/** One feed's place in its topic's order: what comes in is any old message, what goes out is in order. */
export class FeedSequencer {
  readonly #feed: TopicFeed
  readonly #context: FeedSequencerContext
  readonly #holders = new Holders()
  #state: SequencerState = OPENING
  #gap: Timer = NOT_RUNNING
  #rebuilding: Timer = NOT_RUNNING
  #waiting: { readonly position: Position; readonly resolve: () => void }[] = []
  #isCancelled = false

  constructor(feed: TopicFeed, context: FeedSequencerContext) {
    this.#feed = feed
    this.#context = context
  }

  /** What the feed was told last; null before the first snapshot. */
  get known(): KnownPosition | null {
    return this.#state.name === 'opening' ? null : this.#state.at
  }

  get isOpening(): boolean {
    return this.#state.name === 'opening'
  }

  /** Nodes that hold presences which the feed was told of. */
  nodes(): Iterable<string> {
    return this.#holders.nodes()
  }

  receive(message: TopicMessage): void {
    switch (message.kind) {
      case 'diff':
        return this.#step({ kind: 'diff', ordered: message })
      case 'moved':
        return this.#holders.setHolder(message.ref, message.node)
      case 'asserted':
        this.#step({ kind: 'asserted', nodes: [message.node, ...message.former] })
        return this.#holders.rename(message.former, message.node)
      case 'begun':
        return this.#step({ kind: 'begun', epoch: message.epoch })
      case 'bus':
        if (!this.isOpening && !this.#isCancelled) this.#feed.onMessage(message.message)
    }
  }

  applySnapshot(snapshot: StoredSnapshot): void {
    this.#step({ kind: 'snapshot', snapshot })
  }

  /** The state after this node has said what it holds: also of what was left out on the way there, and will not come. */
  applyAsserted(snapshot: StoredSnapshot): void {
    const { known } = this
    if (known?.epoch === snapshot.epoch && known.seq < snapshot.seq) this.markStale()
    this.applySnapshot(snapshot)
  }

  /** Something may have been missed. */
  markStale(): void {
    this.#step({ kind: 'stale' })
  }

  /** Resolves once the feed has been told of this position or of a later state, or the line is cancelled. */
  whenReached(position: Position): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ position, resolve })
      this.#wake()
    })
  }

  cancel(): void {
    this.#isCancelled = true
    this.#gap.cancel()
    this.#rebuilding.cancel()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #step(event: SequencerEvent): void {
    const context = {
      awaited: (snapshot: StoredSnapshot) => this.#holders.awaited(snapshot),
      maxBuffered: MAX_BUFFERED,
    }
    const { state, effects } = stepSequencer(this.#state, event, context)
    this.#state = state
    for (const effect of effects) {
      // Cancelled before, or by the feed within an earlier effect: it is not told any more.
      if (this.#isCancelled) return
      this.#perform(effect)
    }
    this.#wake()
  }

  #perform(effect: SequencerEffect): void {
    const { clock, gapMs, settleMs, onAsk } = this.#context
    switch (effect.kind) {
      case 'deliver':
        this.#holders.apply(effect.ordered.diff, effect.ordered.node)
        return this.#feed.onDiff(effect.ordered.diff)
      case 'tell': {
        const { epoch, seq, digest, presences } = effect.snapshot
        const reasons = new Map([...this.#holders.lost(effect.snapshot), ...effect.snapshot.reasons])
        this.#holders.replace(effect.snapshot)
        return this.#feed.onSnapshot({ epoch, seq, digest, presences }, reasons)
      }
      case 'ask':
        return onAsk(false)
      case 'assert':
        return onAsk(true)
      case 'awaitGap':
        this.#gap.cancel()
        this.#gap = clock.after(gapMs, () => this.#step({ kind: 'gapDue' }))
        return
      case 'awaitOthers':
        this.#rebuilding.cancel()
        this.#rebuilding = clock.after(settleMs, () => this.#step({ kind: 'settleDue' }))
        return
      case 'settled':
        this.#rebuilding.cancel()
    }
  }

  #wake(): void {
    const state = this.#state
    if (state.name !== 'live') return
    const { epoch, seq } = state.at
    this.#waiting = this.#waiting.filter(({ position, resolve }) => {
      // In another epoch the state that the feed was told of is younger than the step; but "no history" is older than all.
      if ((position.epoch === epoch || epoch === NO_HISTORY) && position.seq > seq) return true
      resolve()
      return false
    })
  }
}
