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

export interface FeedTiming {
  /** Milliseconds that a diff behind a gap waits for the diffs before it. */
  readonly gapMs: number
  /** Milliseconds that the nodes have to rebuild a lost history. */
  readonly settleMs: number
}

/** Diffs that a feed buffers behind a gap, at most. */
const MAX_BUFFERED = 256

const NOT_RUNNING: Timer = { cancel: () => {} }

/** Puts the messages of a topic into order for one feed. */
export class FeedSequencer {
  readonly #feed: TopicFeed
  readonly #clock: Clock
  readonly #timing: FeedTiming
  readonly #requestSnapshot: (isAssert: boolean) => void
  readonly #holders = new Holders()
  #state: SequencerState = OPENING
  #gap: Timer = NOT_RUNNING
  #rebuild: Timer = NOT_RUNNING
  #waiting: { readonly position: Position; readonly resolve: () => void }[] = []
  #isCancelled = false

  /** @param requestSnapshot with `isAssert`, this node's own presences have to be asserted first */
  constructor(
    feed: TopicFeed,
    clock: Clock,
    timing: FeedTiming,
    requestSnapshot: (isAssert: boolean) => void,
  ) {
    this.#feed = feed
    this.#clock = clock
    this.#timing = timing
    this.#requestSnapshot = requestSnapshot
  }

  /** The feed's position; null before the first snapshot. */
  get known(): KnownPosition | null {
    return this.#state.name === 'opening' ? null : this.#state.at
  }

  get isOpening(): boolean {
    return this.#state.name === 'opening'
  }

  /** The nodes that hold the feed's presences. */
  nodes(): Iterable<string> {
    return this.#holders.nodes()
  }

  receive(message: TopicMessage): void {
    switch (message.kind) {
      case 'diff':
        return this.#step({ kind: 'diff', ordered: message })
      case 'adopted':
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

  /** Applies the state after this node's assertion. It stands in for the diffs that this node has skipped. */
  applyAsserted(snapshot: StoredSnapshot): void {
    const { known } = this
    if (known?.epoch === snapshot.epoch && known.seq < snapshot.seq) this.markStale()
    this.applySnapshot(snapshot)
  }

  /** Messages may have been missed. */
  markStale(): void {
    this.#step({ kind: 'stale' })
  }

  /** A diff may have been missed. Call it before the snapshot is read; a live feed ignores one that it did not wait for. */
  markMissed(): void {
    if (this.#state.name === 'live') this.markStale()
  }

  /** Resolves once the feed is at this position or later, or is cancelled. */
  whenReached(position: Position): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ position, resolve })
      this.#wake()
    })
  }

  cancel(): void {
    this.#isCancelled = true
    this.#gap.cancel()
    this.#rebuild.cancel()
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
      // The feed may have cancelled itself during an earlier effect. It gets nothing after that.
      if (this.#isCancelled) return
      this.#perform(effect)
    }
    this.#wake()
  }

  #perform(effect: SequencerEffect): void {
    const { gapMs, settleMs } = this.#timing
    switch (effect.kind) {
      case 'deliverDiff':
        this.#holders.apply(effect.ordered.diff, effect.ordered.node)
        return this.#feed.onDiff(effect.ordered.diff)
      case 'deliverSnapshot': {
        const { epoch, seq, digest, presences } = effect.snapshot
        const reasons = new Map([...this.#holders.lost(effect.snapshot), ...effect.snapshot.reasons])
        this.#holders.replace(effect.snapshot)
        return this.#feed.onSnapshot({ epoch, seq, digest, presences }, reasons)
      }
      case 'requestSnapshot':
        return this.#requestSnapshot(false)
      case 'requestAssert':
        return this.#requestSnapshot(true)
      case 'startGapTimer':
        this.#gap.cancel()
        this.#gap = this.#clock.after(gapMs, () => this.#step({ kind: 'gapDue' }))
        return
      case 'startRebuildTimer':
        this.#rebuild.cancel()
        this.#rebuild = this.#clock.after(settleMs, () => this.#step({ kind: 'rebuildDue' }))
        return
      case 'stopRebuildTimer':
        this.#rebuild.cancel()
    }
  }

  #wake(): void {
    const state = this.#state
    if (state.name !== 'live') return
    const { epoch, seq } = state.at
    this.#waiting = this.#waiting.filter(({ position, resolve }) => {
      // A feed in another epoch has a newer state than the change. A feed without a history is older than any change.
      if ((position.epoch === epoch || epoch === NO_HISTORY) && position.seq > seq) return true
      resolve()
      return false
    })
  }
}
