import {
  type ClientMessage,
  type Fault,
  fault,
  type HelloMessage,
  type JoinMessage,
  type JsonObject,
  type LeaveMessage,
  type Limits,
  limitFault,
  type MessageRef,
  type RefreshMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import { Channel } from '../channel/channel'
import type { Router } from '../channel/channel-definition'
import type { ChannelServices } from '../channel/channel-session'
import type { Session } from '../session/session'
import type { VixNames } from '../session/vix-names'

export interface DispatchContext {
  readonly router: Router
  readonly services: ChannelServices
  readonly names: VixNames
  readonly limits: Limits
}

/** Handles a client's message. It replies to every refused message and never throws. */
export function dispatch(
  session: Session,
  message: Exclude<ClientMessage, HelloMessage | RefreshMessage>,
  context: DispatchContext,
): void {
  switch (message.kind) {
    case 'heartbeat':
      return replyOk(session, message.topic, message.ref, null, {})
    case 'goodbye':
      replyOk(session, 'rollcall', message.ref, null, {})
      session.close(1000, 'goodbye')
      context.names.endAll(session, 'left')
      return session.end('left')
    case 'join':
      return join(session, message, context)
    case 'leave':
      return leave(session, message, context)
    case 'push':
    case 'update':
    case 'patch': {
      const channel = currentChannel(session, message)
      if (channel instanceof Channel) channel.receive(message)
      else refuseMember(session, message, channel)
      return
    }
    case 'sync': {
      const channel = currentChannel(session, message)
      if (channel instanceof Channel) channel.resync(message.ref)
      else refuseMember(session, message, channel)
      return
    }
    case 'appear':
      void context.names.join(session, message.topic, message.key).then((problem) => {
        if (problem) session.send({ kind: 'fault', fault: problem })
      })
      return
    case 'disappear':
      return context.names.leave(session, message.topic, message.key)
  }
}

/** Subscribes a connection without joins to a topic. Calls `onRefused` if that is not allowed. */
export function followTopic(
  session: Session,
  topic: Topic,
  { router, services }: DispatchContext,
  onRefused: (problem: Fault) => void,
): void {
  const definition = router.find(topic)
  if (!definition) return onRefused(fault('unmatched_topic', `No channel serves ${JSON.stringify(topic)}.`))
  if (!definition.observable) {
    return onRefused(
      fault('unauthorized', `The channel of ${JSON.stringify(topic)} is not observable; join it instead.`),
    )
  }
  const channel = new Channel(session, definition, topic, null, services)
  session.channels.set(topic, channel)
  channel.observe(onRefused)
}

function join(session: Session, message: JoinMessage, { router, services, limits }: DispatchContext): void {
  const { topic } = message
  const definition = router.find(topic)
  if (!definition) {
    return refuse(
      session,
      message,
      fault('unmatched_topic', `No channel of this server serves ${JSON.stringify(topic)}.`),
    )
  }
  const older = session.channels.get(topic)
  if (older?.isPaused && session.isContinued && message.since !== undefined) return older.resume(message)
  if (!older && session.channels.size >= limits.channelsPerSession) {
    const max = limits.channelsPerSession
    return refuse(
      session,
      message,
      limitFault(`The session is in ${max} topics`, 'channelsPerSession', max, max + 1),
    )
  }
  // A reloaded page, or a copy of its tab, adopts the presence of the former page. Nobody has left.
  const isResumed = older?.isPaused ?? false
  if (isResumed) older?.handOff()
  else if (session.dialect.rejoinContinues) older?.continueInNewJoin()
  else older?.replace()
  const channel = new Channel(session, definition, topic, message.joinRef ?? message.ref, services)
  session.channels.set(topic, channel)
  const isTransferred = older === undefined && session.isTransferred
  channel.join(message, { isRejoin: older !== undefined, isResumed, isTransferred }, () => {
    if (session.channels.get(topic) === channel) session.channels.delete(topic)
  })
}

/** Leaves a topic. A leave of a topic that the session is not in succeeds, too. */
function leave(session: Session, message: LeaveMessage, { services }: DispatchContext): void {
  const { topic, ref } = message
  const channel = currentChannel(session, message)
  if (!(channel instanceof Channel)) {
    // The node that held the session before may still hold its presence.
    if (session.isTransferred && !session.channels.has(topic))
      services.registry.adoptAndLeave(session.id, topic, 'left', session.account)
    return replyOk(session, topic, ref, message.joinRef, {})
  }
  channel.end('left')
  session.channels.delete(topic)
  replyOk(session, topic, ref, channel.joinRef, {})
  session.send({ kind: 'channel_closed', topic, joinRef: channel.joinRef, response: {} })
}

interface Addressed {
  readonly topic: Topic
  readonly ref: MessageRef
  readonly joinRef: MessageRef
}

/** The channel that a message is for; a fault if the session is not in it, or a newer join has replaced it. (S-5) */
function currentChannel(session: Session, { topic, joinRef }: Addressed): Channel | Fault {
  const channel = session.channels.get(topic)
  if (!channel) return fault('not_joined', `The session is not in ${JSON.stringify(topic)}; join it first.`)
  if (joinRef !== null && channel.joinRef !== null && String(joinRef) !== String(channel.joinRef)) {
    return fault(
      'not_joined',
      `Join ${joinRef} of ${JSON.stringify(topic)} has ended; the current join is ${channel.joinRef}.`,
    )
  }
  return channel
}

function replyOk(
  session: Session,
  topic: Topic,
  ref: MessageRef,
  joinRef: MessageRef,
  response: JsonObject,
): void {
  if (ref !== null) session.send({ kind: 'reply', topic, ref, joinRef, status: 'ok', response })
}

/** Refuses a message with the ref of its ended join, or without one if the session is not in the topic, as Phoenix does. */
function refuseMember(session: Session, message: Addressed, problem: Fault): void {
  const joinRef = session.channels.has(message.topic) ? message.joinRef : null
  refuse(session, { ...message, joinRef }, problem)
}

function refuse(session: Session, { topic, ref, joinRef }: Addressed, problem: Fault): void {
  session.send({ kind: 'reply', topic, ref, joinRef, status: 'error', fault: problem })
}
