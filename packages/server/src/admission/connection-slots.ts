import { KeyCounts, SweptMap } from '../collections'
import { type Account, guestAccount, identityAccount } from '../identity/account'
import type { HandshakeRefusal } from '../io/wire'
import { intervalOf, nextTatMs, type RateInterval, waitMsOf } from '../rate-limit/gcra'
import type { AdmissionOptions } from './admission-options'

/*
 *   handshake --reserve--> pending --identify(identity)--> taken --release--> free
 *                  |                    |
 *        429, 503 + Retry-After        429
 *
 * A slot counts from before `authenticate` runs until the connection ends. Releasing it twice has no effect.
 */

const TOO_MANY = { status: 429, reason: 'too_many_connections' } as const
const BUSY = { status: 503, reason: 'busy' } as const

/** The refusal of each limit. */
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

/** One counted connection. */
export class ConnectionSlot {
  readonly #slots: ConnectionSlots
  /** Null in development mode, where nothing is counted per address. */
  readonly #address: string | null
  #identity: string | null = null
  #phase: 'pending' | 'taken' | 'free' = 'pending'

  constructor(slots: ConnectionSlots, address: string | null) {
    this.#slots = slots
    this.#address = address
  }

  /** Counts the slot for an identity, or for none. Returns a refusal, and releases the slot, if the identity has too many. */
  identify(identity: string | null): HandshakeRefusal | null {
    const refusal = identity === null ? null : this.#slots.refusalOf(identity)
    if (refusal) {
      this.release()
      return refusal
    }
    this.#phase = 'taken'
    this.#identity = identity
    this.#slots.identify(this.#address, identity)
    return null
  }

  /** The account whose limits outlive the connection: the identity or, for a guest, its address. Null if neither is counted. */
  get account(): Account | null {
    if (this.#identity !== null) return identityAccount(this.#identity)
    return this.#address === null ? null : guestAccount(this.#address)
  }

  release(): void {
    if (this.#phase === 'free') return
    this.#slots.release(this.#address, this.#identity, this.#phase === 'pending')
    this.#phase = 'free'
  }
}

/** Counts connections in total, per address and per identity, and refuses those above a limit. */
export class ConnectionSlots {
  readonly #options: AdmissionOptions
  readonly #spreadS: () => number
  readonly #interval: RateInterval
  #tatMs = 0
  #count = 0
  #pending = 0
  readonly #ofAddress = new KeyCounts()
  readonly #pendingOfAddress = new KeyCounts()
  readonly #ofIdentity = new KeyCounts()
  readonly #intervalOfAddress: RateInterval
  readonly #tatMsOfAddress = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)

  /** @param spreadS - returns a few random seconds, so that clients refused together do not retry together */
  constructor(options: AdmissionOptions, spreadS: () => number) {
    const { handshakesPerSecond, handshakeBurst } = options
    const { handshakesPerSecondPerAddress, handshakeBurstPerAddress } = options
    this.#options = options
    this.#spreadS = spreadS
    this.#interval = intervalOf({ perSecond: handshakesPerSecond, burst: handshakeBurst })
    this.#intervalOfAddress = intervalOf({
      perSecond: handshakesPerSecondPerAddress,
      burst: handshakeBurstPerAddress,
    })
  }

  /** Slots in use, including pending ones. */
  get count(): number {
    return this.#count
  }

  /** Slots whose handshake still waits for `authenticate`. */
  get pendingCount(): number {
    return this.#pending
  }

  /** Number of counted addresses and identities. */
  get countedCount(): number {
    return this.#ofAddress.size + this.#pendingOfAddress.size + this.#ofIdentity.size
  }

  /** Number of addresses whose handshake rate is remembered. */
  get limitedCount(): number {
    return this.#tatMsOfAddress.size
  }

  /** Reserves a slot, or returns the refusal. Pass null as `address` where nothing is counted per address. */
  reserve(address: string | null, nowMs: number): ConnectionSlot | HandshakeRefusal {
    const refusal = this.#refusal(address, nowMs)
    if (refusal) return refusal
    this.#count++
    this.#pending++
    this.#tatMs = nextTatMs(this.#tatMs, nowMs, this.#interval)
    if (address !== null) {
      this.#ofAddress.add(address)
      this.#pendingOfAddress.add(address)
      const tatMs = this.#tatMsOfAddress.get(address, nowMs) ?? 0
      this.#tatMsOfAddress.set(address, nextTatMs(tatMs, nowMs, this.#intervalOfAddress))
    }
    return new ConnectionSlot(this, address)
  }

  // --- called by a slot ------------------------------------------------------------------------------------------

  refusalOf(identity: string): HandshakeRefusal | null {
    const isFull = this.#ofIdentity.of(identity) >= this.#options.maxPerIdentity
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
    const options = this.#options
    // The limits of one address come first, so that it uses up nothing of the shared limits.
    const refusal = address === null ? null : this.#refusalOfAddress(address, nowMs)
    if (refusal) return refusal
    if (this.#count >= options.maxConnections) return this.#refuse('maxConnections')
    if (this.#pending >= options.maxPending) return this.#refuse('maxPending')
    const waitMs = waitMsOf(this.#tatMs, nowMs, this.#interval)
    return waitMs > 0 ? this.#refuse('handshakesPerSecond', waitMs) : null
  }

  #refusalOfAddress(address: string, nowMs: number): HandshakeRefusal | null {
    const options = this.#options
    if (this.#ofAddress.of(address) >= options.maxPerAddress) return this.#refuse('maxPerAddress')
    if (this.#pendingOfAddress.of(address) >= options.maxPendingPerAddress)
      return this.#refuse('maxPendingPerAddress')
    const tatMs = this.#tatMsOfAddress.get(address, nowMs) ?? 0
    const waitMs = waitMsOf(tatMs, nowMs, this.#intervalOfAddress)
    return waitMs > 0 ? this.#refuse('handshakesPerSecondPerAddress', waitMs) : null
  }

  #refuse(name: keyof typeof REFUSALS, waitMs = 0): HandshakeRefusal {
    const { status, reason, says } = REFUSALS[name]
    return {
      status,
      reason,
      message: `${says(this.#options[name])} (server option admission.${name}). Try again later.`,
      retryAfterS: Math.floor(waitMs / 1000) + this.#spreadS(),
    }
  }
}
