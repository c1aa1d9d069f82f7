import { KeyCounts, SweptMap } from '../collections'
import { type Account, guestAccount, identityAccount } from '../identity/account'
import type { HandshakeRefusal } from '../io/wire'
import { intervalOf, nextTatMs, type RateInterval, waitMsOf } from '../rate-limit/gcra'
import type { AdmissionOptions } from './admission-options'

/*
 *   handshake --claim--> seat, pending --seat.take(identity)--> seat, taken --release--> free
 *                 |                            |
 *          429, 503 + Retry-After             429
 *
 * A seat is counted from before anybody is asked who it is until the connection ends. It is released once, whichever
 * way that comes about.
 */

const TOO_MANY = { status: 429, reason: 'too_many_connections' } as const
const BUSY = { status: 503, reason: 'busy' } as const

/** What each limit says to whom it refuses. */
const REFUSALS = {
  maxPerAddress: { ...TOO_MANY, says: (max: number) => `This address already has ${max} connections` },
  maxPendingPerAddress: {
    ...TOO_MANY,
    says: (max: number) => `This address already has ${max} handshakes in progress`,
  },
  handshakesPerSecondPerAddress: {
    ...TOO_MANY,
    says: (max: number) => `This address makes more than ${max} handshakes per second`,
  },
  maxPerIdentity: { ...TOO_MANY, says: (max: number) => `This identity already has ${max} connections` },
  maxConnections: {
    status: 503,
    reason: 'server_full',
    says: (max: number) => `The server already has ${max} connections`,
  },
  maxPending: { ...BUSY, says: (max: number) => `The server already has ${max} handshakes in progress` },
  handshakesPerSecond: {
    ...BUSY,
    says: (max: number) => `The server receives more than ${max} handshakes per second`,
  },
} as const

export interface ConnectionSlotsContext {
  readonly options: AdmissionOptions
  /** Seconds from 1 to 5 by chance, so that those who are refused together do not come back together. */
  readonly spreadS: () => number
}

/** A place for one connection. */
export class ConnectionSlot {
  readonly #seats: ConnectionSlots
  /** Null where addresses are not counted. */
  readonly #address: string | null
  #identity: string | null = null
  #phase: 'pending' | 'taken' | 'free' = 'pending'

  constructor(seats: ConnectionSlots, address: string | null) {
    this.#seats = seats
    this.#address = address
  }

  /** It is known who it is; null for somebody who is not counted. The refusal where they have too many; then it is free. */
  identify(identity: string | null): HandshakeRefusal | null {
    const refusal = identity === null ? null : this.#seats.refusalOf(identity)
    if (refusal) {
      this.release()
      return refusal
    }
    this.#phase = 'taken'
    this.#identity = identity
    this.#seats.identify(this.#address, identity)
    return null
  }

  /** Whom that is counted for which outlives the connection: the identity or, of a guest, the address. Null for nobody. */
  get account(): Account | null {
    if (this.#identity !== null) return identityAccount(this.#identity)
    return this.#address === null ? null : guestAccount(this.#address)
  }

  release(): void {
    if (this.#phase === 'free') return
    this.#seats.release(this.#address, this.#identity, this.#phase === 'pending')
    this.#phase = 'free'
  }
}

/** How many are connected, in all, from each address and as each identity; and who may be next. */
export class ConnectionSlots {
  readonly #context: ConnectionSlotsContext
  readonly #pace: RateInterval
  #tatMs = 0
  #count = 0
  #pending = 0
  readonly #ofAddress = new KeyCounts()
  readonly #pendingOfAddress = new KeyCounts()
  readonly #ofIdentity = new KeyCounts()
  readonly #paceOfAddress: RateInterval
  readonly #tatMsOfAddress = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)

  constructor(context: ConnectionSlotsContext) {
    const { options } = context
    const { handshakesPerSecond, handshakeBurst } = options
    const { handshakesPerSecondPerAddress, handshakeBurstPerAddress } = options
    this.#context = context
    this.#pace = intervalOf({ perSecond: handshakesPerSecond, burst: handshakeBurst })
    this.#paceOfAddress = intervalOf({
      perSecond: handshakesPerSecondPerAddress,
      burst: handshakeBurstPerAddress,
    })
  }

  /** Seats that are not free. */
  get count(): number {
    return this.#count
  }

  /** Those of them for whom it is not known yet who they are. */
  get pendingCount(): number {
    return this.#pending
  }

  /** Addresses and identities that are counted. */
  get countedCount(): number {
    return this.#ofAddress.size + this.#pendingOfAddress.size + this.#ofIdentity.size
  }

  /** Addresses that have shaken hands lately. */
  get limitedCount(): number {
    return this.#tatMsOfAddress.size
  }

  /** A seat for a handshake, or why there is none. `address` is null where addresses are not counted. */
  reserve(address: string | null, nowMs: number): ConnectionSlot | HandshakeRefusal {
    const refusal = this.#refusal(address, nowMs)
    if (refusal) return refusal
    this.#count++
    this.#pending++
    this.#tatMs = nextTatMs(this.#tatMs, nowMs, this.#pace)
    if (address !== null) {
      this.#ofAddress.add(address)
      this.#pendingOfAddress.add(address)
      const tatMs = this.#tatMsOfAddress.get(address, nowMs) ?? 0
      this.#tatMsOfAddress.set(address, nextTatMs(tatMs, nowMs, this.#paceOfAddress))
    }
    return new ConnectionSlot(this, address)
  }

  // --- for a seat ------------------------------------------------------------------------------------------------

  refusalOf(identity: string): HandshakeRefusal | null {
    const isFull = this.#ofIdentity.of(identity) >= this.#context.options.maxPerIdentity
    return isFull ? this.#refuse('maxPerIdentity') : null
  }

  identify(address: string | null, identity: string | null): void {
    this.#endPending(address)
    if (identity !== null) this.#ofIdentity.add(identity)
  }

  release(address: string | null, identity: string | null, isPending: boolean): void {
    this.#count--
    if (isPending) this.#endPending(address)
    if (address !== null) this.#ofAddress.remove(address)
    if (identity !== null) this.#ofIdentity.remove(identity)
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #endPending(address: string | null): void {
    this.#pending--
    if (address !== null) this.#pendingOfAddress.remove(address)
  }

  #refusal(address: string | null, nowMs: number): HandshakeRefusal | null {
    const { options } = this.#context
    // What one address does too much of is told first, and takes nothing from the others' share.
    const refusal = address === null ? null : this.#refusalOfAddress(address, nowMs)
    if (refusal) return refusal
    if (this.#count >= options.maxConnections) return this.#refuse('maxConnections')
    if (this.#pending >= options.maxPending) return this.#refuse('maxPending')
    const waitMs = waitMsOf(this.#tatMs, nowMs, this.#pace)
    return waitMs > 0 ? this.#refuse('handshakesPerSecond', waitMs) : null
  }

  #refusalOfAddress(address: string, nowMs: number): HandshakeRefusal | null {
    const { options } = this.#context
    if (this.#ofAddress.of(address) >= options.maxPerAddress) return this.#refuse('maxPerAddress')
    if (this.#pendingOfAddress.of(address) >= options.maxPendingPerAddress)
      return this.#refuse('maxPendingPerAddress')
    const tatMs = this.#tatMsOfAddress.get(address, nowMs) ?? 0
    const waitMs = waitMsOf(tatMs, nowMs, this.#paceOfAddress)
    return waitMs > 0 ? this.#refuse('handshakesPerSecondPerAddress', waitMs) : null
  }

  #refuse(name: keyof typeof REFUSALS, waitMs = 0): HandshakeRefusal {
    const { options, spreadS } = this.#context
    const { status, reason, says } = REFUSALS[name]
    return {
      status,
      reason,
      message: `${says(options[name])} (server option admission.${name}). Try again later.`,
      retryAfterS: Math.floor(waitMs / 1000) + spreadS(),
    }
  }
}
