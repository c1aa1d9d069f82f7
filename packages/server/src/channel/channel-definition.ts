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
 * Handles one event. The payload is unchecked: JSON, or bytes if the client's dialect has binary frames. The result is the
 * reply, if the client asked for one.
 */
export type Handler = (ctx: ChannelContext, payload: Payload) => Reply | Promise<Reply>

/** Defines the topics of one pattern. */
export interface ChannelDefinition {
  /** A topic, or a prefix followed by `*`, such as `room:*`. The first pattern that matches is used. */
  readonly topicPattern: string
  /**
   * Decides what a session may do here, or refuses it. Called before `join`, after new credentials, and when the client
   * has reconnected, since the permission may have changed. A session that is refused later is removed with the reason
   * `kicked`. If it throws or does not finish within `handlerTimeoutMs`, the session is refused. Without `authorize`,
   * everything is allowed.
   */
  readonly authorize?: Authorize
  /** Accepts or refuses a join; without it every join is accepted. The client gets its reply afterwards. */
  readonly join?: (ctx: ChannelContext, payload: JsonObject) => Reply | Promise<Reply>
  /** Called after the session has left, for any reason. Its presence in the topic has left by then. */
  readonly leave?: (ctx: ChannelContext, reason: LeaveReason) => void | Promise<void>
  /** Handlers by event name. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Handles events without a handler; without it they are refused with `unknown_event`. */
  readonly unhandled?: (ctx: ChannelContext, event: string, payload: Payload) => Reply | Promise<Reply>
  /** Runs around `join`, handlers and presence updates. The first one is outermost. */
  readonly middleware?: readonly Middleware[]
  /** Whether members receive `presence_state` and `presence_diff`. @default true */
  readonly presence?: boolean
  /** Whether a connection may follow the topic without a join, as in the Vix dialect. @default false */
  readonly observable?: boolean
}

/** A checked definition with defaults. Its handlers are a Map, so that no event name reaches a prototype. (S-10) */
export interface ResolvedChannel extends ChannelDefinition {
  readonly handlerOf: ReadonlyMap<string, Handler>
  readonly middleware: readonly Middleware[]
  readonly presence: boolean
  readonly observable: boolean
}

/**
 * Checks a channel definition and types it where you write it. Throws `invalid_option` for a wrong field.
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
      `The topicPattern "${topicPattern}" has a * before its end; only the last character may be *.`,
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

/** Finds the channel definition of a topic: first an exact pattern, then prefixes in the order of the definitions. */
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
    // Nodes exchange their messages on this topic, which no client may join.
    if (topic === CONTROL_TOPIC) return null
    return (
      this.#exact.get(topic) ?? this.#prefixes.find(({ prefix }) => topic.startsWith(prefix))?.channel ?? null
    )
  }
}

/**
 * The channel of a server without `channels`: every topic is open, a session is present under its identity's id with the
 * join payload's `meta`, and each event is sent to everybody in the topic.
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
    // zzz's clients request the state with this event; the other dialects have `presence_sync`.
    get_presence: (ctx) => ctx.pushState(),
  },

  unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
})
