import { fault, type JsonObject, type Meta, type Payload } from '@rollcall/shared-protocol'
import { checkOptions } from '../check-options'
import { SweptMap } from '../collections'
import { ServerError } from '../errors'
import { isGuests } from '../identity/account'
import { type Clock, systemClock } from '../io/clock'
import type { Logger } from '../log'
import { intervalOf, nextTatMs, RATE_TYPES, type Rate, type RateInterval, waitMsOf } from '../rate-limit/gcra'
import type { ChannelContext } from './channel-context'
import { Refusal, type Reply, refuse, refuseWith } from './reply'

/** A client's request to a channel, as middleware sees it. */
export type Call =
  | { readonly kind: 'join'; readonly payload: JsonObject }
  | { readonly kind: 'event'; readonly event: string; readonly payload: Payload }
  | { readonly kind: 'update'; readonly meta: Meta }
  | { readonly kind: 'patch'; readonly patch: JsonObject }

/**
 * Runs around a channel's handling of a call: before `next()`, after it, or instead of it by returning a refusal.
 *
 * @example
 * const timed: Middleware = async (ctx, call, next) => {
 *   const startedMs = performance.now()
 *   const reply = await next()
 *   console.log(call.kind, performance.now() - startedMs)
 *   return reply
 * }
 */
export type Middleware = (
  ctx: ChannelContext,
  call: Call,
  next: () => Reply | Promise<Reply>,
) => Reply | Promise<Reply>

/**
 * Refuses calls with `forbidden` unless `isAllowed` returns true.
 *
 * @example
 * middleware: [allowIf((ctx, call) => call.kind !== 'event' || ctx.assigns.get('role') === 'speaker')]
 */
export function allowIf(
  isAllowed: (ctx: ChannelContext, call: Call) => boolean | Promise<boolean>,
): Middleware {
  checkOptions('allowIf: ', { isAllowed }, { isAllowed: 'function' })
  return async (ctx, call, next) => {
    const allowed: unknown = await isAllowed(ctx, call)
    // Any other value would be truthy or falsy by accident: a refusal, for example, would allow the call.
    if (typeof allowed !== 'boolean')
      throw new TypeError(
        `allowIf: isAllowed must return true or false, not a value of type ${typeof allowed}.`,
      )
    return allowed ? next() : refuse('forbidden')
  }
}

/** Logs every call at `debug`, with the code if it was refused. Payloads are not logged, as they may be secret. */
export function logCalls(logger: Logger): Middleware {
  checkOptions('logCalls: ', { logger }, { logger: 'object' })
  return async (ctx, call, next) => {
    const reply = await next()
    const { topic, sessionId } = ctx
    const event = call.kind === 'event' ? call.event : undefined
    const refused = reply instanceof Refusal ? reply.fault.code : undefined
    logger.debug({ topic, sessionId, call: call.kind, event, refused }, 'channel call')
    return reply
  }
}

export interface RateLimitOptions extends Rate {
  /**
   * `account` counts the calls of all sessions of one identity together. The guests of one address are different people:
   * together they may call `rates.guestsPerAddress` times as often, and each of them as often as the rate allows. `session`
   * counts each session alone, so an identity with several connections may call several times as often.
   * @default 'account'
   */
  readonly per?: 'account' | 'session'
}

interface Count {
  readonly tatMs: number
  readonly interval: RateInterval
  save(tatMs: number): void
}

/**
 * Refuses calls above a rate with `throttled` and `retry_after_ms`. An account's calls count over all its sessions and all
 * topics of the channel.
 *
 * @example
 * middleware: [rateLimit({ perSecond: 10, burst: 20 })]
 */
export function rateLimit(options: RateLimitOptions, clock: Pick<Clock, 'now'> = systemClock): Middleware {
  checkOptions('rateLimit: ', options, { ...RATE_TYPES, per: 'string' })
  const { perSecond, burst, per = 'account' } = options
  if (!(perSecond > 0) || !(burst >= 1)) {
    throw new ServerError(
      'invalid_option',
      `rateLimit: perSecond must be above 0 and burst at least 1, not ${perSecond} and ${burst}.`,
    )
  }
  if (per !== 'account' && per !== 'session') {
    throw new ServerError(
      'invalid_option',
      `rateLimit: per must be "account" or "session", not ${JSON.stringify(per)}.`,
    )
  }
  const interval = intervalOf(options)
  // The key is the session's own map, so that the entry is collected together with the session.
  const bySession = new WeakMap<object, number>()
  const byAccount = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)

  function countsOf({ assigns, account, rateFactor }: ChannelContext, nowMs: number): readonly Count[] {
    const ofSession: Count = {
      tatMs: bySession.get(assigns) ?? 0,
      interval,
      save: (tatMs) => void bySession.set(assigns, tatMs),
    }
    if (per === 'session' || account === null) return [ofSession]
    const ofAccount: Count = {
      tatMs: byAccount.get(account, nowMs) ?? 0,
      interval: intervalOf({ perSecond: perSecond * rateFactor, burst: burst * rateFactor }),
      save: (tatMs) => void byAccount.set(account, tatMs),
    }
    return isGuests(account) ? [ofSession, ofAccount] : [ofAccount]
  }

  return (ctx, _call, next) => {
    const nowMs = clock.now()
    const counts = countsOf(ctx, nowMs)
    const waitMs = Math.max(...counts.map((count) => waitMsOf(count.tatMs, nowMs, count.interval)))
    if (waitMs <= 0) {
      for (const { tatMs, interval: own, save } of counts) save(nextTatMs(tatMs, nowMs, own))
      return next()
    }
    const retryAfterMs = Math.ceil(waitMs)
    const text = `The channel takes at most ${perSecond} calls per second; try again in ${retryAfterMs} ms.`
    return refuseWith(fault('throttled', text, { retryAfterMs }))
  }
}
