import { checkOptions } from '../../check-options'
import type { Call, Middleware } from '../compose'
import type { ChannelContext } from '../context'
import { refuse } from '../reply'

/**
 * Lets through what `isAllowed` says yes to and refuses the rest with `forbidden`.
 *
 * @example
 * middleware: [authorize((ctx, call) => call.kind !== 'event' || ctx.assigns.get('role') === 'speaker')]
 */
export function authorize(
  isAllowed: (ctx: ChannelContext, call: Call) => boolean | Promise<boolean>,
): Middleware {
  checkOptions('authorize: ', { isAllowed }, { isAllowed: 'function' })
  return async (ctx, call, next) => {
    const answer: unknown = await isAllowed(ctx, call)
    // A refusal or a reason would be as good as a yes.
    if (typeof answer !== 'boolean')
      throw new TypeError(`isAllowed answers true or false, not a value of type ${typeof answer}.`)
    return answer ? next() : refuse('forbidden')
  }
}
