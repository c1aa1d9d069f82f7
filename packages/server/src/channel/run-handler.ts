import {
  fault,
  type JoinMessage,
  type LeaveReason,
  type PatchMessage,
  type PushMessage,
  type UpdateMessage,
} from '@rollcall/shared-protocol'
import { withTimeout } from '../async/with-timeout'
import type { Clock } from '../io/clock'
import { type Logger, logFailure } from '../log'
import type { TrackResult } from '../presence/presence-registry'
import type { AuthorizeContext } from './authorization'
import type { ChannelContext } from './channel-context'
import type { ChannelDefinition, ResolvedChannel } from './channel-definition'
import type { Call } from './middleware'
import { Refusal, type Reply, unknownEvent } from './reply'

export interface HandlerLimits {
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds after which a join or a handler fails. */
  readonly handlerTimeoutMs: number
}

/** A message from a client to a channel that it has joined. */
export type ChannelMessage = PushMessage | UpdateMessage | PatchMessage

/** Runs the application's code for a message, through the middleware. There is always a reply, and in time. */
export function runHandler(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  message: ChannelMessage | Pick<JoinMessage, 'kind' | 'payload'>,
  limits: HandlerLimits,
): Reply | Promise<Reply> {
  const run = (event: string, call: Call, last: () => Reply | Promise<Reply>) => {
    const runFrom = (index: number): Reply | Promise<Reply> => {
      const layer = definition.middleware[index]
      return layer ? layer(ctx, call, () => runFrom(index + 1)) : last()
    }
    return runSafely(ctx, event, () => runFrom(0), checkJson, limits)
  }
  switch (message.kind) {
    case 'join': {
      const { payload } = message
      return run('join', { kind: 'join', payload }, () => definition.join?.(ctx, payload))
    }
    case 'update': {
      const { meta } = message
      return run('update', { kind: 'update', meta }, () => refusalOf(ctx.update(meta)))
    }
    case 'patch': {
      const { patch } = message
      return run('patch', { kind: 'patch', patch }, () => refusalOf(ctx.patch(patch)))
    }
    case 'push': {
      const { event, payload } = message
      return run(event, { kind: 'event', event, payload }, () => {
        const handler = definition.handlerOf.get(event)
        if (handler) return handler(ctx, payload)
        if (definition.unhandled) return definition.unhandled(ctx, event, payload)
        return new Refusal(unknownEvent(ctx.topic, event))
      })
    }
  }
}

function refusalOf(result: TrackResult): Reply {
  return result.ok ? undefined : new Refusal(result.fault)
}

/**
 * Runs the application's code and `check` on its result, which throws for an invalid one. Code that throws or does not
 * finish in time is logged with its place; the client learns only that it failed. (S-13)
 */
export function runSafely<T, R>(
  { topic, sessionId }: Pick<AuthorizeContext, 'topic' | 'sessionId'>,
  event: string,
  run: () => T | Promise<T>,
  check: (result: T) => R,
  { clock, log, handlerTimeoutMs }: HandlerLimits,
): R | Refusal | Promise<R | Refusal> {
  const failed = (refusal: Refusal, error: unknown): Refusal => {
    logFailure(log, error, { topic, event, sessionId, code: refusal.fault.code }, refusal.fault.message)
    return refusal
  }
  const threw = (error: unknown) =>
    failed(new Refusal(fault('handler_failed', "The channel's handler failed.")), error)
  const timedOut = () => {
    const text = `The channel's handler did not finish within ${handlerTimeoutMs} ms (server option handlerTimeoutMs).`
    return failed(new Refusal(fault('handler_timeout', text)), null)
  }
  try {
    const result = run()
    if (!isPromise(result)) return check(result)
    // Wrapped, since a thenable of another library may break the rules of promises.
    const checked: Promise<R | Refusal> = Promise.resolve(result).then(check)
    return withTimeout(checked, handlerTimeoutMs, clock, timedOut).catch(threw)
  } catch (error) {
    return threw(error)
  }
}

/** Throws for a reply that JSON cannot hold. Found only at the send, it would fail the connection's other messages too. */
function checkJson(reply: Reply): Reply {
  if ((typeof reply === 'object' && !ArrayBuffer.isView(reply)) || typeof reply === 'bigint')
    JSON.stringify(reply)
  return reply
}

/** Calls the application's `leave`. Nobody waits for it, and a failure is only logged. */
export function runLeave(
  ctx: ChannelContext,
  { leave }: ChannelDefinition,
  reason: LeaveReason,
  log: Logger,
): void {
  if (!leave) return
  const { topic, sessionId } = ctx
  const failed = (error: unknown) => {
    logFailure(log, error, { topic, sessionId, reason }, "The channel's leave handler failed.")
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
