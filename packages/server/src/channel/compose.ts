import type { JsonObject, Meta, Payload } from '@rollcall/shared-protocol'
import type { ChannelContext } from './context'
import type { Reply } from './reply'

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

/** Runs the call through the middleware, outermost first, and then `last`. */
export function runComposed(
  middleware: readonly Middleware[],
  ctx: ChannelContext,
  call: Call,
  last: () => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const runFrom = (index: number): Reply | Promise<Reply> => {
    const layer = middleware[index]
    return layer ? layer(ctx, call, () => runFrom(index + 1)) : last()
  }
  return runFrom(0)
}
