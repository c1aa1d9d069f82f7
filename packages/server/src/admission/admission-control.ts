import { SweptMap } from '../collections'
import type { Clock } from '../io/clock'
import type { Mode } from '../io/mode'
import type { RandomSource } from '../io/random'
import { fractionOf } from '../io/random'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import { type Logger, logFailure, SampledLog } from '../log'
import { intervalOf, nextTatMs, type RateInterval, waitMsOf } from '../rate-limit/gcra'
import { addressGroup } from './address'
import type { AdmissionOptions } from './admission-options'
import { type ConnectionSlot, ConnectionSlots } from './connection-slots'
import { type AllowedOrigins, ORIGIN_NOT_ALLOWED, type OriginHandshake, Origins } from './origins'

/*
 *  handshake -> origin -> reserve a slot (total, address, rate) -> authenticate -> take the slot (identity)
 *                 403         503, 429                                                429
 *
 * The cheap checks come first: they need nothing from `authenticate`.
 */

export interface AdmissionControlContext {
  readonly admission: AdmissionOptions
  readonly allowedOrigins: AllowedOrigins | null
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  /** A function, because the mode may depend on the address that the server listens on. */
  readonly mode: () => Mode
}

/** Decides which handshakes and HTTP requests the server accepts, and counts connections. */
export class AdmissionControl {
  readonly #context: AdmissionControlContext
  readonly #origins: Origins
  readonly #slots: ConnectionSlots
  readonly #refusals: SampledLog
  readonly #requestInterval: RateInterval
  readonly #requestTatMs = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)
  readonly #refusedRequests: SampledLog
  /** Returns 1 to 5 seconds at random, so that clients refused together do not retry together. */
  readonly #spreadS: () => number

  /** Throws `invalid_option` where `allowedOrigins` contains something that is not an origin. */
  constructor(context: AdmissionControlContext) {
    const { admission: options, allowedOrigins, random, log, mode } = context
    this.#context = context
    this.#origins = new Origins(allowedOrigins, mode)
    this.#spreadS = () => 1 + Math.floor(fractionOf(random.id(4)) * 5)
    this.#slots = new ConnectionSlots(options, this.#spreadS)
    const { requestsPerSecondPerAddress: perSecond, requestBurstPerAddress: burst } = options
    this.#requestInterval = intervalOf({ perSecond, burst })
    this.#refusedRequests = new SampledLog(log, 'refusing HTTP requests')
    this.#refusals = new SampledLog(log, 'refusing handshakes')
  }

  /** Whether pages of every origin may connect. */
  get allowsAllOrigins(): boolean {
    return this.#origins.areAllAllowed
  }

  originRefusal(handshake: OriginHandshake): HandshakeRefusal | null {
    return this.#allowsOrigin(handshake) ? null : this.#warned(ORIGIN_NOT_ALLOWED)
  }

  /**
   * Counts an HTTP request; a large one costs as much as several. Returns a refusal when its address exceeds
   * `requestsPerSecondPerAddress`. (S-97, S-107)
   */
  requestRefusal(remoteAddress: string, requestCost = 1): HandshakeRefusal | null {
    const { clock, admission } = this.#context
    const { requestsPerSecondPerAddress: max, requestBurstPerAddress: burst } = admission
    // A cost above the burst would be refused for ever.
    const cost = Math.min(requestCost, burst)
    const [address, nowMs] = [this.#countedAs(remoteAddress), clock.now()]
    if (address === null) return null
    const tatMs = this.#requestTatMs.get(address, nowMs) ?? 0
    const waitMs = waitMsOf(tatMs, nowMs, this.#requestInterval, cost)
    if (waitMs <= 0) {
      this.#requestTatMs.set(address, nextTatMs(tatMs, nowMs, this.#requestInterval, cost))
      return null
    }
    const refusal = {
      status: 429,
      reason: 'too_many_requests',
      message: `This address sends more than ${max} HTTP requests per second, where a large one counts several times (server option admission.requestsPerSecondPerAddress). Try again later.`,
      retryAfterS: Math.floor(waitMs / 1000) + this.#spreadS(),
    }
    this.#refusedRequests.warn(refusal, nowMs)
    return refusal
  }

  /** Reserves a connection slot, which the caller must release, or returns the refusal. */
  reserve({ remoteAddress }: Pick<HandshakeRequest, 'remoteAddress'>): ConnectionSlot | HandshakeRefusal {
    const slot = this.#slots.reserve(this.#countedAs(remoteAddress), this.#context.clock.now())
    return 'status' in slot ? this.#warned(slot) : slot
  }

  /**
   * Counts the slot for an identity; pass null for a guest, whom no identity limit counts. Returns a refusal, and releases
   * the slot, when the identity has too many connections.
   */
  take(slot: ConnectionSlot, identity: string | null): HandshakeRefusal | null {
    const refusal = slot.identify(identity)
    return refusal && this.#warned(refusal)
  }

  /** Returns null in development mode, where nothing is counted per address. */
  #countedAs(remoteAddress: string): string | null {
    return this.#context.mode() === 'development' ? null : addressGroup(remoteAddress)
  }

  /** Checks the handshake's origin. An `allowedOrigins` function that throws refuses it. */
  #allowsOrigin(handshake: OriginHandshake): boolean {
    try {
      return this.#origins.allows(handshake)
    } catch (error) {
      logFailure(this.#context.log, error, {}, 'allowedOrigins failed')
      return false
    }
  }

  #warned(refusal: HandshakeRefusal): HandshakeRefusal {
    this.#refusals.warn(refusal, this.#context.clock.now())
    return refusal
  }
}
