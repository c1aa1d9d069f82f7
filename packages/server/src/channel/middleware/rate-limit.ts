import { fault } from '@rollcall/shared-protocol'
import { checkOptions } from '../../check-options'
import { ServerError } from '../../errors'
import { nextTatMs, paceOf, RATE_TYPES, type Rate, waitMsOf } from '../../gcra'
import { type Clock, systemClock } from '../../io/clock'
import type { Middleware } from '../compose'
import { refuseWith } from '../reply'

/**
 * Refuses with `throttled` and `retry_after_ms` what comes faster than the options allow, for each session over all
 * topics of the channel.
 *
 * @example
 * middleware: [rateLimit({ perSecond: 10, burst: 20 })]
 */
export function rateLimit(options: Rate, clock: Pick<Clock, 'now'> = systemClock): Middleware {
  checkOptions('rateLimit: ', options, RATE_TYPES)
  if (!(options.perSecond > 0) || !(options.burst >= 1)) {
    throw new ServerError('invalid_option', 'rateLimit needs perSecond above 0 and burst of at least 1.')
  }
  const pace = paceOf(options)
  // By the session's own map, so that its rate is forgotten with it.
  const tats = new WeakMap<object, number>()
  return (ctx, _call, next) => {
    const nowMs = clock.now()
    const tatMs = tats.get(ctx.assigns) ?? 0
    const waitMs = waitMsOf(tatMs, nowMs, pace)
    if (waitMs <= 0) {
      tats.set(ctx.assigns, nextTatMs(tatMs, nowMs, pace))
      return next()
    }
    const retryAfterMs = Math.ceil(waitMs)
    const text = `More than ${options.perSecond} calls a second; try again in ${retryAfterMs} ms.`
    return refuseWith(fault('throttled', text, { retryAfterMs }))
  }
}
