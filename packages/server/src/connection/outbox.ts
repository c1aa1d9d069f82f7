import type { Account } from '../identity/account'
import type { Packet } from '../io/packet'
import type { Wire } from '../io/wire'
import type { ScheduledWriter, WriteScheduler } from '../io/write-scheduler'
import type { PendingStateBudget, SpaceListener } from './pending-state-budget'

export interface OutboxOptions {
  /**
   * Bytes, states not counted, that wait for a reader past which it is told no more of presence: it is given the state
   * anew once it has read what waits. @default 65536
   */
  readonly softLimitBytes: number
  /** Bytes, states not counted, that may wait for a reader before it is cut off with 1013. @default 1048576 */
  readonly hardLimitBytes: number
  /**
   * Bytes of states that may wait for all connections of one account before none of them is given another one. One that
   * has nothing waiting is always given a state, whatever its size. The guests of one address share it; each of their
   * connections counts for `1 / rates.guestsPerAddress` of it at most. @default 33554432
   */
  readonly accountStateBytes: number
  /** Milliseconds in which something of what waits has to be read; else the reader is cut off with 1013. @default 30000 */
  readonly stallTimeoutMs: number
}

/** What the outbox tells its connection. */
export interface OutboxEvents {
  /** More waits than the hard limit allows. */
  onOverflow(bufferedBytes: number): void
  /** A state that was withheld can be given now. May come within a write, and without need. */
  onStateSpace(): void
}

/** What all outboxes of one account share. */
export interface AccountStates {
  readonly account: Account
  readonly budget: PendingStateBudget
}

/** Never added to. */
const NOTHING: Packet[] = []

/**
 * What is due to one peer. All that comes in one turn of the event loop leaves in one write. A peer that reads too
 * slowly is congested for a while: then it is not to be told what can be told anew later. (S-9)
 */
export class Outbox implements ScheduledWriter, SpaceListener {
  readonly #wire: Wire
  readonly #tick: WriteScheduler
  readonly #options: OutboxOptions
  readonly #events: OutboxEvents
  /** Shared while it is empty. */
  #due: Packet[] = NOTHING
  /** Bytes, states not counted, that were sent since nothing waited. */
  #unreadBytes = 0
  /** Bytes of states that are due or wait, at most. */
  #stateBytes = 0
  /** Whether a state was withheld, for whom room is to be told. */
  #isStateWithheld = false
  #isCongested = false
  /** Null where the connection is counted for nobody. */
  readonly #states: AccountStates | null

  constructor(
    wire: Wire,
    tick: WriteScheduler,
    options: OutboxOptions,
    events: OutboxEvents,
    states: AccountStates | null = null,
  ) {
    this.#states = states
    this.#wire = wire
    this.#tick = tick
    this.#options = options
    this.#events = events
  }

  /** Whether so much waits that presence is to wait, too, until {@link onDrained}. */
  get isCongested(): boolean {
    return this.#isCongested
  }

  /**
   * Whether a state can be given now: none that is larger than the soft limit waits unread, and its account has room.
   * Where not, `onStateSpace` follows once it can.
   */
  canSendState(): boolean {
    const hasOwnRoom = this.#stateBytes <= this.#options.softLimitBytes
    const { account, budget } = this.#states ?? {}
    const hasRoom = account === undefined || (budget?.hasSpace(account) ?? true)
    if (hasOwnRoom && hasRoom) return true
    this.#isStateWithheld = true
    if (!hasOwnRoom) this.#wire.watchDrain()
    else if (account !== undefined) budget?.waitForSpace(account, this)
    return false
  }

  /** The account has room for another state. */
  onStateSpace(): void {
    if (!this.#isStateWithheld) return
    this.#isStateWithheld = false
    this.#events.onStateSpace()
  }

  /** The connection has ended: nothing waits for it any more. */
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
    this.#tick.schedule(this)
  }

  /** Writes what is due now, where the end of the turn would be too late: before a close. */
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
    if (bufferedBytes === 0) return this.#nothingWaits()
    this.#unreadBytes += sentBytes
    this.#setStateBytes(Math.min(this.#stateBytes, bufferedBytes))
    const { softLimitBytes, hardLimitBytes } = this.#options
    // A large state on its way is no sign of a slow reader; what follows it is, where it piles up.
    const backlogBytes = Math.min(this.#unreadBytes, bufferedBytes)
    if (backlogBytes > softLimitBytes && !this.#isCongested) {
      this.#isCongested = true
      this.#wire.watchDrain()
    }
    if (backlogBytes > hardLimitBytes) this.#events.onOverflow(bufferedBytes)
  }

  /** The wire has nothing left to write. Whether the peer was congested until now. */
  onDrained(): boolean {
    const wasCongested = this.#isCongested
    this.#isCongested = false
    this.#nothingWaits()
    return wasCongested
  }

  #nothingWaits(): void {
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
