import {
  fault,
  type JsonObject,
  type LeaveReason,
  type PatchMessage,
  type PushMessage,
  type Topic,
  type UpdateMessage,
} from '@rollcall/shared-protocol'
import { withTimeout } from '../async/with-timeout'
import type { Clock } from '../io/clock'
import { type Logger, logFailure } from '../log'
import type { TrackResult } from '../presence/presence-registry'
import { type Access, type Authorize, type AuthorizeContext, checkAuthorization } from './authorization'
import type { ChannelContext } from './channel-context'
import type { ChannelDefinition, ResolvedChannel } from './channel-definition'
import { type Call, type Middleware, runComposed } from './middleware'
import { Refusal, type Reply, unknownEvent } from './reply'

export interface HandlerLimits {
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds that a join or a handler has. */
  readonly handlerTimeoutMs: number
}

/**
 * Runs the application's code, contained: whatever it does, there is a reply, and in time. One that throws or does
 * not finish is logged with where it happened; the client learns only that it failed.
 */
export function runHandler(
  ctx: ChannelContext,
  middleware: readonly Middleware[],
  call: Call,
  last: () => Reply | Promise<Reply>,
  context: HandlerLimits,
): Reply | Promise<Reply> {
  const event = call.kind === 'event' ? call.event : call.kind
  const run = () => (middleware.length === 0 ? last() : runComposed(middleware, ctx, call, last))
  return runSafely(ctx, event, run, checkJson, context)
}

/** Asks the application what the session may do; null for everything. Whatever it does, there is an answer in time. */
export async function runAuthorize(
  ctx: AuthorizeContext,
  authorize: Authorize,
  context: HandlerLimits,
): Promise<Access | Refusal | null> {
  return runSafely<unknown, Access | Refusal | null>(
    ctx,
    'authorize',
    () => authorize(ctx),
    checkAuthorization,
    context,
  )
}

/** Runs code of the application's, and `check` on what it answers with, which throws for what is no answer. */
function runSafely<T, R>(
  { topic, sessionId }: { readonly topic: Topic; readonly sessionId: string },
  event: string,
  run: () => T | Promise<T>,
  check: (answer: T) => R,
  { clock, log, handlerTimeoutMs }: HandlerLimits,
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

/** What a client says to a channel that it is in. */
export type ChannelMessage = PushMessage | UpdateMessage | PatchMessage

/** Has the application decide over a join. */
export function runJoin(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  payload: JsonObject,
  context: HandlerLimits,
): Reply | Promise<Reply> {
  const last = () => definition.join?.(ctx, payload)
  return runHandler(ctx, definition.middleware, { kind: 'join', payload }, last, context)
}

/** Does what a message asks for, by the channel's definition. */
export function runMessage(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  message: ChannelMessage,
  context: HandlerLimits,
): Reply | Promise<Reply> {
  const last = () => perform(ctx, definition, message)
  return runHandler(ctx, definition.middleware, callOf(message), last, context)
}

/** The message as middleware sees it. */
function callOf(message: ChannelMessage): Call {
  switch (message.kind) {
    case 'push':
      return { kind: 'event', event: message.event, payload: message.payload }
    case 'update':
      return { kind: 'update', meta: message.meta }
    case 'patch':
      return { kind: 'patch', patch: message.patch }
  }
}

function perform(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  message: ChannelMessage,
): Reply | Promise<Reply> {
  switch (message.kind) {
    case 'update':
      return refusalOf(ctx.update(message.meta))
    case 'patch':
      return refusalOf(ctx.patch(message.patch))
    case 'push': {
      const { event, payload } = message
      const handler = definition.handlerOf.get(event)
      if (handler) return handler(ctx, payload)
      if (definition.unhandled) return definition.unhandled(ctx, event, payload)
      return new Refusal(unknownEvent(ctx.topic, event))
    }
  }
}

function refusalOf(result: TrackResult): Reply {
  return result.ok ? undefined : new Refusal(result.fault)
}
