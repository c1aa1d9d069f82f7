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

/** What a client asks of a channel, as middleware sees it. */
export type Call =
  | { readonly kind: 'join'; readonly payload: JsonObject }
  | { readonly kind: 'event'; readonly event: string; readonly payload: Payload }
  | { readonly kind: 'update'; readonly meta: Meta }
  | { readonly kind: 'patch'; readonly patch: JsonObject }

/**
 * Runs around what a channel does: before `next()`, after it, or instead of it (by returning a refusal).
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
 * Lets through what `isAllowed` says yes to and refuses the rest with `forbidden`.
 *
 * @example
 * middleware: [allowIf((ctx, call) => call.kind !== 'event' || ctx.assigns.get('role') === 'speaker')]
 */
export function allowIf(
  isAllowed: (ctx: ChannelContext, call: Call) => boolean | Promise<boolean>,
): Middleware {
  checkOptions('allowIf: ', { isAllowed }, { isAllowed: 'function' })
  return async (ctx, call, next) => {
    const answer: unknown = await isAllowed(ctx, call)
    // A refusal or a reason would be as good as a yes.
    if (typeof answer !== 'boolean')
      throw new TypeError(`isAllowed answers true or false, not a value of type ${typeof answer}.`)
    return answer ? next() : refuse('forbidden')
  }
}

/** Logs every call at `debug`, with whether it was refused. Payloads are not logged: they may hold anything. */
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
   * Whose calls are counted together. `account`: those of all sessions of one identity; the guests of one address, who
   * are different people, may together call `rates.guestsPerAddress` times as often, and each of them as often as the
   * rate says. `session`: those of one session, so that an identity with several connections may call as many times as
   * often.
   * @default 'account'
   */
  readonly per?: 'account' | 'session'
}

interface Count {
  readonly tatMs: number
  readonly pace: RateInterval
  keep(tatMs: number): void
}

/**
 * Refuses with `throttled` and `retry_after_ms` what comes faster than the options allow, for each account over all its
 * sessions and all topics of the channel.
 *
 * @example
 * middleware: [rateLimit({ perSecond: 10, burst: 20 })]
 */
export function rateLimit(options: RateLimitOptions, clock: Pick<Clock, 'now'> = systemClock): Middleware {
  checkOptions('rateLimit: ', options, { ...RATE_TYPES, per: 'string' })
  const { perSecond, burst, per = 'account' } = options
  if (!(perSecond > 0) || !(burst >= 1)) {
    throw new ServerError('invalid_option', 'rateLimit needs perSecond above 0 and burst of at least 1.')
  }
  if (per !== 'account' && per !== 'session') {
    throw new ServerError(
      'invalid_option',
      `rateLimit: per must be "account" or "session", not ${JSON.stringify(per)}.`,
    )
  }
  const pace = intervalOf(options)
  // By the session's own map, so that its rate is forgotten with it.
  const bySession = new WeakMap<object, number>()
  const byAccount = new SweptMap<number>((tatMs, nowMs) => tatMs <= nowMs)

  function countsOf({ assigns, account, rateFactor }: ChannelContext, nowMs: number): readonly Count[] {
    const ofSession: Count = {
      tatMs: bySession.get(assigns) ?? 0,
      pace,
      keep: (tatMs) => void bySession.set(assigns, tatMs),
    }
    if (per === 'session' || account === null) return [ofSession]
    const ofAccount: Count = {
      tatMs: byAccount.get(account, nowMs) ?? 0,
      pace: intervalOf({ perSecond: perSecond * rateFactor, burst: burst * rateFactor }),
      keep: (tatMs) => void byAccount.set(account, tatMs),
    }
    return isGuests(account) ? [ofSession, ofAccount] : [ofAccount]
  }

  return (ctx, _call, next) => {
    const nowMs = clock.now()
    const counts = countsOf(ctx, nowMs)
    const waitMs = Math.max(...counts.map((count) => waitMsOf(count.tatMs, nowMs, count.pace)))
    if (waitMs <= 0) {
      for (const { tatMs, pace: own, keep } of counts) keep(nextTatMs(tatMs, nowMs, own))
      return next()
    }
    const retryAfterMs = Math.ceil(waitMs)
    const text = `More than ${perSecond} calls a second; try again in ${retryAfterMs} ms.`
    return refuseWith(fault('throttled', text, { retryAfterMs }))
  }
}
