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
 *  handshake -> origin -> seat (of all, of its address; the rate) -> authenticate -> seat (of its identity)
 *                 403      503, 429                                                   429
 *
 * What is known of a handshake before anybody is asked who it is decides first, as that costs next to nothing.
 */

export interface AdmissionControlContext {
  readonly admission: AdmissionOptions
  readonly allowedOrigins: AllowedOrigins | null
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  /** Known once the server listens. */
  readonly mode: () => Mode
}

/** Who may come in, as far as that does not depend on who they are. */
export class AdmissionControl {
  readonly #context: AdmissionControlContext
  readonly #origins: Origins
  readonly #seats: ConnectionSlots
  readonly #refusals: SampledLog
  readonly #requestPace: RateInterval
  readonly #requestTatMs = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)
  readonly #refusedRequests: SampledLog
  /** Seconds from 1 to 5 by chance, so that those who are refused together do not come back together. */
  readonly #spreadS: () => number

  /** Throws `invalid_option` for what is no origin. */
  constructor(context: AdmissionControlContext) {
    const { admission: options, allowedOrigins, random, log, mode } = context
    this.#context = context
    this.#origins = new Origins(allowedOrigins, mode)
    this.#spreadS = () => 1 + Math.floor(fractionOf(random.id(4)) * 5)
    this.#seats = new ConnectionSlots({ options, spreadS: this.#spreadS })
    const { requestsPerSecondPerAddress: perSecond, requestBurstPerAddress: burst } = options
    this.#requestPace = intervalOf({ perSecond, burst })
    this.#refusedRequests = new SampledLog(log, 'refusing HTTP requests')
    this.#refusals = new SampledLog(log, 'refusing handshakes')
  }

  /** Whether every site's pages may connect. */
  get allowsAllOrigins(): boolean {
    return this.#origins.areAllAllowed
  }

  originRefusal(handshake: OriginHandshake): HandshakeRefusal | null {
    return this.#allowsOrigin(handshake) ? null : this.#warned(ORIGIN_NOT_ALLOWED)
  }

  /** Counts an HTTP request. Why it is refused, where too many of them come from its address. (S-97) */
  requestRefusal(remoteAddress: string): HandshakeRefusal | null {
    const { clock, admission } = this.#context
    const [address, nowMs] = [this.#countedAs(remoteAddress), clock.now()]
    if (address === null) return null
    const tatMs = this.#requestTatMs.get(address, nowMs) ?? 0
    const waitMs = waitMsOf(tatMs, nowMs, this.#requestPace)
    if (waitMs <= 0) {
      this.#requestTatMs.set(address, nextTatMs(tatMs, nowMs, this.#requestPace))
      return null
    }
    const { requestsPerSecondPerAddress: max } = admission
    const refusal = {
      status: 429,
      reason: 'too_many_requests',
      message: `This address sends more than ${max} HTTP requests per second (server option admission.requestsPerSecondPerAddress). Try again later.`,
      retryAfterS: Math.floor(waitMs / 1000) + this.#spreadS(),
    }
    this.#refusedRequests.warn(refusal, nowMs)
    return refusal
  }

  /** A seat, to be released sooner or later, or why there is none. */
  reserve({ remoteAddress }: Pick<HandshakeRequest, 'remoteAddress'>): ConnectionSlot | HandshakeRefusal {
    const seat = this.#seats.reserve(this.#countedAs(remoteAddress), this.#context.clock.now())
    return 'status' in seat ? this.#warned(seat) : seat
  }

  /** The refusal where too many are connected as this identity; null for somebody who is not counted. Then the seat is free. */
  take(seat: ConnectionSlot, identity: string | null): HandshakeRefusal | null {
    const refusal = seat.identify(identity)
    return refusal && this.#warned(refusal)
  }

  /** Null where addresses are not counted. */
  #countedAs(remoteAddress: string): string | null {
    return this.#context.mode() === 'development' ? null : addressGroup(remoteAddress)
  }

  /** Whether pages of the site that the handshake names may connect. A check of the application's that throws says no. */
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
