import { checkOptions } from '../../check-options'
import type { Logger } from '../../log'
import type { Middleware } from '../compose'
import { Refusal } from '../reply'

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
