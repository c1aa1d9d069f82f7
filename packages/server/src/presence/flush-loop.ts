import { retryDelay, STORE_RETRY } from '../async/retry'
import type { Clock, Timer } from '../io/clock'
import type { Backlog } from './backlog'
import {
  type FlushEffect,
  type FlushEvent,
  type FlushOptions,
  FlushSchedule,
  type FlushState,
  QUIET,
  stepFlush,
} from './flush-machine'

/** A topic as its flush loop sees it. */
export interface Flushable {
  /** Resolves with whether the flush succeeded. If not, nothing is lost and the loop tries again. Must not reject. */
  flush(): Promise<boolean>
  /** Whether another flush has something to do. */
  readonly hasWork: boolean
  /** Whether nobody needs the topic any more. */
  readonly isIdle: boolean
  /** Called once the topic is idle. */
  onIdle(): void
}

interface FlushWaiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Runs the flushes of one topic: one at a time, spaced by their cost, and again after a failure. */
export class FlushLoop {
  readonly #topic: Flushable
  readonly #clock: Clock
  readonly #backlog: Backlog
  readonly #schedule: FlushSchedule
  #state: FlushState = QUIET
  #timer: Timer | null = null
  #waiters: FlushWaiter[] = []
  /** Changes of the topic that the store has not confirmed: its part of the backlog. */
  #queued = 0
  /** Flushes in a row that failed. */
  #failures = 0

  constructor(topic: Flushable, clock: Clock, backlog: Backlog, options: FlushOptions) {
    this.#topic = topic
    this.#clock = clock
    this.#backlog = backlog
    this.#schedule = new FlushSchedule(options)
  }

  get isClosed(): boolean {
    return this.#state.name === 'closed'
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0
  }

  requestFlush(): void {
    this.#dispatch({ kind: 'touched' })
  }

  /** Requests a flush and resolves once it succeeded. */
  whenFlushed(): Promise<void> {
    const flushed = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }))
    this.requestFlush()
    return flushed
  }

  resolveWaiters(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  rejectWaiters(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }

  /** Tries a failed flush again at once. Call it when the store is reachable again. */
  retryNow(): void {
    if (this.#failures === 0) return
    this.noteCommitted()
    if (this.#state.name !== 'due') return
    this.#timer?.cancel()
    this.#dispatch({ kind: 'due' })
  }

  /** Updates the node's backlog with the topic's number of unconfirmed changes. */
  countQueued(queued: number): void {
    if (this.isClosed) return
    this.#backlog.changes += queued - this.#queued
    this.#queued = queued
  }

  noteFailed(): void {
    if (this.isClosed) return
    if (this.#failures++ === 0) this.#backlog.failingTopics++
  }

  noteCommitted(): void {
    if (this.#failures > 0) this.#backlog.failingTopics--
    this.#failures = 0
  }

  /** Spaces the next flush by the processor time that this one took, both in milliseconds. */
  noteCost(startedMs: number, costMs: number): void {
    this.#schedule.flushed(startedMs, costMs)
  }

  close(): void {
    this.#dispatch({ kind: 'closed' })
    this.#backlog.changes -= this.#queued
    this.#queued = 0
    this.noteCommitted()
  }

  #dispatch(event: FlushEvent): void {
    const delayMs = this.#schedule.delay(this.#clock.now())
    const retryMs = retryDelay(this.#failures, STORE_RETRY)
    const { state, effects } = stepFlush(this.#state, event, { delayMs, retryMs })
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: FlushEffect): void {
    switch (effect.kind) {
      case 'schedule':
        // A flush never runs within the caller's turn, so that all changes of the turn share it.
        if (effect.delayMs === 0) this.#clock.soon(() => this.#dispatch({ kind: 'due' }))
        else this.#timer = this.#clock.after(effect.delayMs, () => this.#dispatch({ kind: 'due' }))
        return
      case 'flush':
        void this.#topic.flush().then((isDone) => {
          const { isIdle, hasWork } = this.#topic
          this.#dispatch(isDone ? { kind: 'flushed', isIdle, hasWork } : { kind: 'failed' })
        })
        return
      case 'idle':
        return this.#topic.onIdle()
      case 'cancel':
        this.#timer?.cancel()
    }
  }
}
