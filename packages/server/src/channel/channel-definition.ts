import {
  fault,
  field,
  isJsonObject,
  type JsonObject,
  type LeaveReason,
  type Payload,
  type Topic,
} from '@rollcall/shared-protocol'
import { checkOptions, type OptionsOf } from '../check-options'
import { ServerError } from '../errors'
import { checkEvent } from '../presence/arguments'
import { CONTROL_TOPIC } from '../store/node-messages'
import type { Authorize } from './authorization'
import type { ChannelContext } from './channel-context'
import type { Middleware } from './middleware'
import { type Reply, refuseWith } from './reply'

/**
 * Handles one event. Its payload is whatever the client sent: JSON, or bytes where its dialect has binary frames. The
 * result is the reply, where the client asked for one.
 */
export type Handler = (ctx: ChannelContext, payload: Payload) => Reply | Promise<Reply>

/** What a server does with the topics of one pattern. */
export interface ChannelDefinition {
  /** A topic, or the beginning of some followed by `*`, such as `room:*`. The first pattern that fits is used. */
  readonly topicPattern: string
  /**
   * Says what a session may do here, or refuses it. Asked before `join`; and again when the session has shown new
   * credentials, and when its client has come back after an interruption, since who may be here may have changed. Who is
   * refused then is put out with reason `kicked`. One that fails, or does not finish within `handlerTimeoutMs`, lets
   * nobody in and nobody stay. Without it everybody may do everything.
   */
  readonly authorize?: Authorize
  /** Decides over a join; without it everybody may. The client's reply waits for it. */
  readonly join?: (ctx: ChannelContext, payload: JsonObject) => Reply | Promise<Reply>
  /** Told after the session has left, whatever the reason. Its presence in the topic is gone by then. */
  readonly leave?: (ctx: ChannelContext, reason: LeaveReason) => void | Promise<void>
  /** By event name. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Takes the events that have no handler; without it they are answered with `unknown_event`. */
  readonly unhandled?: (ctx: ChannelContext, event: string, payload: Payload) => Reply | Promise<Reply>
  /** Runs around `join`, handlers and presence updates, the first one outermost. */
  readonly middleware?: readonly Middleware[]
  /** Whether members get `presence_state` and `presence_diff`. @default true */
  readonly presence?: boolean
  /** Whether a connection may follow the topic without a join, as those of the Vix dialect do. @default false */
  readonly observable?: boolean
}

/** A definition that was checked, with its handlers where no event name can reach a prototype. (S-10) */
export interface ResolvedChannel extends ChannelDefinition {
  readonly handlerOf: ReadonlyMap<string, Handler>
  readonly middleware: readonly Middleware[]
  readonly presence: boolean
  readonly observable: boolean
}

/**
 * Types a channel definition where it is written.
 *
 * @example
 * const chat = defineChannel({
 *   topicPattern: 'chat:*',
 *   join: (ctx) => {
 *     ctx.track(ctx.identity.id, { joined_at: Date.now() })
 *   },
 *   handlers: { ping: () => ({ pong: true }) },
 * })
 */
export function defineChannel(definition: ChannelDefinition): ChannelDefinition {
  checkDefinition(definition)
  return definition
}

const DEFINITION_TYPES: OptionsOf<ChannelDefinition> = {
  topicPattern: 'string',
  authorize: 'function',
  join: 'function',
  leave: 'function',
  handlers: 'object',
  unhandled: 'function',
  middleware: 'list',
  presence: 'boolean',
  observable: 'boolean',
}

function checkDefinition(definition: ChannelDefinition): void {
  checkOptions('A channel: ', definition, DEFINITION_TYPES)
  const { handlers = {}, middleware = [] } = definition
  const functions = [
    ...Object.entries(handlers).map(([event, handler]) => [`handlers[${JSON.stringify(event)}]`, handler]),
    ...middleware.map((layer, i) => [`middleware[${i}]`, layer]),
  ] as const
  for (const [name, value] of functions) {
    if (typeof value === 'function') continue
    throw new ServerError('invalid_option', `A channel: ${name} must be a function, not a ${typeof value}.`)
  }
}

/** Throws `invalid_option` where the definition could never work. */
export function resolveChannel(definition: ChannelDefinition): ResolvedChannel {
  checkDefinition(definition)
  const { topicPattern } = definition
  if (typeof topicPattern !== 'string' || topicPattern === '') {
    throw new ServerError('invalid_option', 'A channel needs a topicPattern, such as "room:*".')
  }
  const star = topicPattern.indexOf('*')
  if (star !== -1 && star !== topicPattern.length - 1) {
    throw new ServerError(
      'invalid_option',
      `The topicPattern "${topicPattern}" has a * that is not at its end.`,
    )
  }
  const handlerOf = new Map(Object.entries(definition.handlers ?? {}))
  for (const event of handlerOf.keys()) checkEvent(event, 'invalid_option')
  return {
    ...definition,
    handlerOf,
    middleware: definition.middleware ?? [],
    presence: definition.presence ?? true,
    observable: definition.observable ?? false,
  }
}

/** Finds the channel definition for a topic: exact ones by lookup, then prefixes in the order in which they stand. */
export class Router {
  readonly #exact = new Map<Topic, ResolvedChannel>()
  readonly #prefixes: { readonly prefix: string; readonly channel: ResolvedChannel }[] = []

  constructor(definitions: readonly ChannelDefinition[]) {
    for (const channel of definitions.map(resolveChannel)) {
      const { topicPattern } = channel
      if (topicPattern.endsWith('*')) this.#prefixes.push({ prefix: topicPattern.slice(0, -1), channel })
      else if (!this.#exact.has(topicPattern)) this.#exact.set(topicPattern, channel)
    }
  }

  find(topic: Topic): ResolvedChannel | null {
    // What nodes say to each other is no channel's.
    if (topic === CONTROL_TOPIC) return null
    return (
      this.#exact.get(topic) ?? this.#prefixes.find(({ prefix }) => topic.startsWith(prefix))?.channel ?? null
    )
  }
}

/**
 * The channel of a server that was given none: every topic is open, whoever joins is present under their identity's
 * id with the join payload's `meta`, and any event is passed on to everybody in the topic as it is.
 */
export const referenceChannel = defineChannel({
  topicPattern: '*',
  observable: true,

  join(ctx, payload) {
    const meta = field(payload, 'meta') ?? {}
    if (!isJsonObject(meta)) {
      return refuseWith(fault('invalid_message', 'The field "payload.meta" must be an object.'))
    }
    const tracked = ctx.track(ctx.identity.id, meta)
    return tracked.ok ? undefined : refuseWith(tracked.fault)
  },

  handlers: {
    // What zzz's clients ask with; the others have `presence_sync`.
    get_presence: (ctx) => ctx.pushState(),
  },

  unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
})
