import { fault, type LeaveReason, type Topic } from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import { type Logger, logFailure } from '../log'
import { type Access, type Authorize, type AuthorizeContext, checkAuthorization } from './authorization'
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
  context: RunCallContext,
): Reply | Promise<Reply> {
  const event = call.kind === 'event' ? call.event : call.kind
  const run = () => (middleware.length === 0 ? last() : runComposed(middleware, ctx, call, last))
  return contain(ctx, event, run, checkJson, context)
}

/** Asks the application what the session may do; null for everything. Whatever it does, there is an answer in time. */
export async function runAuthorize(
  ctx: AuthorizeContext,
  authorize: Authorize,
  context: RunCallContext,
): Promise<Access | Refusal | null> {
  return contain<unknown, Access | Refusal | null>(
    ctx,
    'authorize',
    () => authorize(ctx),
    checkAuthorization,
    context,
  )
}

/** Runs code of the application's, and `check` on what it answers with, which throws for what is no answer. */
function contain<T, R>(
  { topic, sessionId }: { readonly topic: Topic; readonly sessionId: string },
  event: string,
  run: () => T | Promise<T>,
  check: (answer: T) => R,
  { clock, log, handlerTimeoutMs }: RunCallContext,
): R | Refusal | Promise<R | Refusal> {
  const failed = (refusal: Refusal, error: unknown): Refusal => {
    logFailure(log, error, { topic, event, sessionId, code: refusal.fault.code }, refusal.fault.message)
    return refusal
  }
  const threw = (error: unknown) =>
    failed(new Refusal(fault('handler_failed', "The channel's handler failed.")), error)
  const late = () => {
    const text = `The channel's handler did not finish within ${handlerTimeoutMs} ms (server option handlerTimeoutMs).`
    return failed(new Refusal(fault('handler_timeout', text)), null)
  }
  try {
    const answer = run()
    if (!isPromise(answer)) return check(answer)
    // One of another make may keep to no promise's rules: wrapped, it does.
    const checked: Promise<R | Refusal> = Promise.resolve(answer).then(check)
    return withTimeout(checked, handlerTimeoutMs, clock, late).catch(threw)
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
    logFailure(log, error, { topic, sessionId, reason }, "the channel's leave failed")
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
