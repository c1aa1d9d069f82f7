import { fault, type LeaveReason } from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import type { Logger } from '../log'
import { type Call, type Middleware, runComposed } from './compose'
import type { ChannelContext } from './context'
import type { ChannelDefinition } from './define-channel'
import { Refusal, type Reply } from './reply'
import { withTimeout } from './with-timeout'

export interface RunCallContext {
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds that a join or a handler has. */
  readonly handlerTimeoutMs: number
}

/**
 * Runs the application's code, contained: whatever it does, there is a reply, and in time. One that throws or does
 * not finish is logged with where it happened; the client learns only that it failed.
 */
export function runCall(
  ctx: ChannelContext,
  middleware: readonly Middleware[],
  call: Call,
  last: () => Reply | Promise<Reply>,
  { clock, log, handlerTimeoutMs }: RunCallContext,
): Reply | Promise<Reply> {
  const failed = (refusal: Refusal, error: unknown): Refusal => {
    const { topic, sessionId } = ctx
    const event = call.kind === 'event' ? call.event : call.kind
    log.error({ err: error, topic, event, sessionId, code: refusal.fault.code }, refusal.fault.message)
    return refusal
  }
  const threw = (error: unknown) =>
    failed(new Refusal(fault('handler_failed', "The channel's handler failed.")), error)
  const late = () => {
    const text = `The channel's handler did not finish within ${handlerTimeoutMs} ms (server option handlerTimeoutMs).`
    return failed(new Refusal(fault('handler_timeout', text)), null)
  }
  try {
    const reply = middleware.length === 0 ? last() : runComposed(middleware, ctx, call, last)
    if (!isPromise(reply)) return checkJson(reply)
    return withTimeout(reply.then(checkJson), handlerTimeoutMs, clock, late).catch(threw)
  } catch (error) {
    return threw(error)
  }
}

/** Throws for what could not be sent: noticed only then, it would take the connection's other messages with it. */
function checkJson(reply: Reply): Reply {
  if ((typeof reply === 'object' && !ArrayBuffer.isView(reply)) || typeof reply === 'bigint')
    JSON.stringify(reply)
  return reply
}

/** Tells the application that the session has left; whatever it does then, nobody waits for it. */
export function runLeave(
  ctx: ChannelContext,
  { leave }: ChannelDefinition,
  reason: LeaveReason,
  log: Logger,
): void {
  if (!leave) return
  const { topic, sessionId } = ctx
  const failed = (error: unknown) => {
    log.error({ err: error, topic, sessionId, reason }, "the channel's leave failed")
  }
  try {
    Promise.resolve(leave(ctx, reason)).catch(failed)
  } catch (error) {
    failed(error)
  }
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
