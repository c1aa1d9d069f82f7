import type { Account } from '../identity/account'
import type { Packet } from '../io/packet'
import type { Wire } from '../io/wire'
import type { ScheduledWriter, WriteScheduler } from '../io/write-scheduler'
import type { PendingStateBudget, SpaceListener } from './pending-state-budget'

export interface OutboxOptions {
  /**
   * Bytes that may wait for a client, without states, before the server stops sending presence diffs to it. The client
   * gets the state again once it has read its backlog. @default 65536
   */
  readonly softLimitBytes: number
  /** Bytes that may wait for a client, without states, before the server closes it with 1013. @default 1048576 */
  readonly hardLimitBytes: number
  /**
   * Bytes of states that may wait for all connections of one account before none of them gets another. An account with
   * nothing waiting always gets a state of any size. The guests of one address share the limit; each of their
   * connections counts for at most `1 / rates.guestsPerAddress` of it. @default 33554432
   */
  readonly accountStateBytes: number
  /** Milliseconds that a client may read nothing of its backlog before the server closes it with 1013. @default 30000 */
  readonly stallTimeoutMs: number
}

/** The connection, as its outbox calls it. */
export interface OutboxEvents {
  /** The backlog is over the hard limit. */
  onOverflow(bufferedBytes: number): void
  /** A withheld state may be sent now. The call may come during a write, and more often than necessary. */
  onStateSpace(): void
}

/** The budget that all outboxes of one account share. */
export interface AccountStates {
  readonly account: Account
  readonly budget: PendingStateBudget
}

/** Shared by all empty outboxes. Never add to it. */
const NOTHING: Packet[] = []

/**
 * The outgoing packets of one peer. All packets of one turn of the event loop leave in one write. A peer that reads too
 * slowly is congested; presence is then withheld from it, as the state can be sent later. (S-9)
 */
export class Outbox implements ScheduledWriter, SpaceListener {
  readonly #wire: Wire
  readonly #scheduler: WriteScheduler
  readonly #options: OutboxOptions
  readonly #events: OutboxEvents
  #due: Packet[] = NOTHING
  /** Bytes, without states, sent since the wire last had nothing waiting. */
  #unreadBytes = 0
  /** An upper bound of the bytes of states that are due or waiting. */
  #stateBytes = 0
  /** Whether a state was withheld, so that `onStateSpace` has to follow. */
  #isStateWithheld = false
  #isCongested = false
  /** Null if the connection counts for no account. */
  readonly #states: AccountStates | null

  constructor(
    wire: Wire,
    scheduler: WriteScheduler,
    options: OutboxOptions,
    events: OutboxEvents,
    states: AccountStates | null = null,
  ) {
    this.#states = states
    this.#wire = wire
    this.#scheduler = scheduler
    this.#options = options
    this.#events = events
  }

  /** Whether the backlog is so large that presence is withheld until {@link onDrained}. */
  get isCongested(): boolean {
    return this.#isCongested
  }

  /**
   * Whether a state can be sent now: at most `softLimitBytes` of earlier states are unread, and the account has space. If
   * not, `onStateSpace` follows once it can.
   */
  canSendState(): boolean {
    const hasOwnSpace = this.#stateBytes <= this.#options.softLimitBytes
    const { account, budget } = this.#states ?? {}
    const hasAccountSpace = account === undefined || (budget?.hasSpace(account) ?? true)
    if (hasOwnSpace && hasAccountSpace) return true
    this.#isStateWithheld = true
    if (!hasOwnSpace) this.#wire.watchDrain()
    else if (account !== undefined) budget?.waitForSpace(account, this)
    return false
  }

  /** The account has space for another state. */
  onStateSpace(): void {
    if (!this.#isStateWithheld) return
    this.#isStateWithheld = false
    this.#events.onStateSpace()
  }

  /** The connection has ended. Frees its share of the budget. */
  close(): void {
    this.#isStateWithheld = false
    this.#setStateBytes(0)
    if (this.#states) this.#states.budget.forget(this.#states.account, this)
  }

  push(packet: Packet): void {
    if (packet.frames.length === 0) return
    if (packet.isState) this.#setStateBytes(this.#stateBytes + packet.size)
    if (this.#due !== NOTHING) return void this.#due.push(packet)
    if (packet.isImmediate) return this.#write([packet])
    this.#due = [packet]
    this.#scheduler.schedule(this)
  }

  /** Writes the due packets at once. Call it before a close, when the end of the turn would be too late. */
  flush(): number {
    const due = this.#due
    if (due === NOTHING) return 0
    this.#due = NOTHING
    this.#write(due)
    return due.length
  }

  #write(due: readonly Packet[]): void {
    const sentBytes = this.#wire.send(due)
    const { bufferedBytes } = this.#wire
    if (bufferedBytes === 0) return this.#resetBacklog()
    this.#unreadBytes += sentBytes
    this.#setStateBytes(Math.min(this.#stateBytes, bufferedBytes))
    const { softLimitBytes, hardLimitBytes } = this.#options
    // A large state in transit does not make a slow reader; other packets that pile up behind it do.
    const backlogBytes = Math.min(this.#unreadBytes, bufferedBytes)
    if (backlogBytes > softLimitBytes && !this.#isCongested) {
      this.#isCongested = true
      this.#wire.watchDrain()
    }
    if (backlogBytes > hardLimitBytes) this.#events.onOverflow(bufferedBytes)
  }

  /** The wire has nothing left to write. Returns whether the peer was congested until now. */
  onDrained(): boolean {
    const wasCongested = this.#isCongested
    this.#isCongested = false
    this.#resetBacklog()
    return wasCongested
  }

  #resetBacklog(): void {
    this.#unreadBytes = 0
    this.#setStateBytes(0)
    this.onStateSpace()
  }

  #setStateBytes(bytes: number): void {
    const before = this.#stateBytes
    this.#stateBytes = bytes
    if (!this.#states) return
    const { account, budget } = this.#states
    budget.change(account, budget.countedBytes(account, bytes) - budget.countedBytes(account, before))
  }
}
