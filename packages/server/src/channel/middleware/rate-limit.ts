import { fault } from '@rollcall/shared-protocol'
import { ServerError } from '../../errors'
import { type Clock, systemClock } from '../../io/clock'
import type { Middleware } from '../compose'
import { refuseWith } from '../reply'
import { type TokenBucket, type TokenBucketOptions, takeToken } from './token-bucket'

/**
 * Refuses with `throttled` and `retry_after_ms` what comes faster than the options allow, for each session over all
 * topics of the channel.
 *
 * @example
 * middleware: [rateLimit({ perSecond: 10, burst: 20 })]
 */
export function rateLimit(options: TokenBucketOptions, clock: Pick<Clock, 'now'> = systemClock): Middleware {
  if (!(options.perSecond > 0) || !(options.burst >= 1)) {
    throw new ServerError('invalid_option', 'rateLimit needs perSecond above 0 and burst of at least 1.')
  }
  // By the session's own map, so that a bucket is forgotten with its session.
  const buckets = new WeakMap<object, TokenBucket>()
  return (ctx, _call, next) => {
    const verdict = takeToken(buckets.get(ctx.assigns) ?? null, clock.now(), options)
    if (verdict.isTaken) {
      buckets.set(ctx.assigns, verdict.bucket)
      return next()
    }
    const { retryAfterMs } = verdict
    const text = `More than ${options.perSecond} calls a second; try again in ${retryAfterMs} ms.`
    return refuseWith(fault('throttled', text, { retryAfterMs }))
  }
}
