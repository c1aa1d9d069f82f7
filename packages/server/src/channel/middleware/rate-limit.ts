import { fault } from '@rollcall/shared-protocol'
import { checkOptions } from '../../check-options'
import { isGuests } from '../../door/account'
import { ServerError } from '../../errors'
import { nextTatMs, type Pace, paceOf, RATE_TYPES, type Rate, waitMsOf } from '../../gcra'
import { type Clock, systemClock } from '../../io/clock'
import { SweptMap } from '../../swept-map'
import type { Middleware } from '../compose'
import type { ChannelContext } from '../context'
import { refuseWith } from '../reply'

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
  readonly pace: Pace
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
  const pace = paceOf(options)
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
      pace: paceOf({ perSecond: perSecond * rateFactor, burst: burst * rateFactor }),
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
