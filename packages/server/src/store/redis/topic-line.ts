import type { Position } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../../io/clock'
import type { TopicFeed } from '../store'
import { Holders } from './holders'
import { type LineEffect, type LineEvent, type LineState, OPENING, stepLine } from './line-machine'
import type { TopicMessage } from './message'
import type { StoredSnapshot } from './scripts/snapshot'
import { type Known, NO_HISTORY } from './scripts/topic'

export interface TopicLineContext {
  readonly clock: Clock
  /** Milliseconds that a diff behind a gap waits for what is before it. */
  readonly gapMs: number
  /** Milliseconds that a lost history is given to be put together again. */
  readonly settleMs: number
  /** A snapshot is wanted; with `isAssert`, after this node's own presences were put there. */
  readonly onAsk: (isAssert: boolean) => void
}

/** Diffs that a line keeps behind a gap, at most. */
const MAX_KEPT = 256

const NOT_RUNNING: Timer = { cancel: () => {} }

/** One feed's place in its topic's order: what comes in is any old message, what goes out is in order. */
export class TopicLine {
  readonly #feed: TopicFeed
  readonly #context: TopicLineContext
  readonly #holders = new Holders()
  #state: LineState = OPENING
  #gap: Timer = NOT_RUNNING
  #settling: Timer = NOT_RUNNING
  #waiting: { readonly position: Position; readonly resolve: () => void }[] = []
  #isCancelled = false

  constructor(feed: TopicFeed, context: TopicLineContext) {
    this.#feed = feed
    this.#context = context
  }

  /** What the feed was told last; null before the first snapshot. */
  get known(): Known | null {
    return this.#state.name === 'opening' ? null : this.#state.at
  }

  get isOpening(): boolean {
    return this.#state.name === 'opening'
  }

  /** Nodes that hold presences which the feed was told of. */
  nodes(): Iterable<string> {
    return this.#holders.nodes()
  }

  offer(message: TopicMessage): void {
    switch (message.kind) {
      case 'diff':
        return this.#step({ kind: 'diff', ordered: message })
      case 'moved':
        return this.#holders.move(message.ref, message.node)
      case 'asserted':
        this.#step({ kind: 'asserted', nodes: [message.node, ...message.former] })
        return this.#holders.rename(message.former, message.node)
      case 'begun':
        return this.#step({ kind: 'begun', epoch: message.epoch })
      case 'bus':
        if (!this.isOpening && !this.#isCancelled) this.#feed.onMessage(message.message)
    }
  }

  takeSnapshot(snapshot: StoredSnapshot): void {
    this.#step({ kind: 'snapshot', snapshot })
  }

  /** The state after this node has said what it holds: also of what was left out on the way there, and will not come. */
  takeAsserted(snapshot: StoredSnapshot): void {
    const { known } = this
    if (known?.epoch === snapshot.epoch && known.seq < snapshot.seq) this.doubt()
    this.takeSnapshot(snapshot)
  }

  /** Something may have been missed. */
  doubt(): void {
    this.#step({ kind: 'stale' })
  }

  /** Resolves once the feed has been told of this position or of a later state, or the line is cancelled. */
  reaches(position: Position): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ position, resolve })
      this.#wake()
    })
  }

  cancel(): void {
    this.#isCancelled = true
    this.#gap.cancel()
    this.#settling.cancel()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #step(event: LineEvent): void {
    const context = {
      awaited: (snapshot: StoredSnapshot) => this.#holders.awaited(snapshot),
      maxKept: MAX_KEPT,
    }
    const { state, effects } = stepLine(this.#state, event, context)
    this.#state = state
    for (const effect of effects) {
      // Cancelled before, or by the feed within an earlier effect: it is not told any more.
      if (this.#isCancelled) return
      this.#perform(effect)
    }
    this.#wake()
  }

  #perform(effect: LineEffect): void {
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
        this.#settling.cancel()
        this.#settling = clock.after(settleMs, () => this.#step({ kind: 'settleDue' }))
        return
      case 'settled':
        this.#settling.cancel()
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
