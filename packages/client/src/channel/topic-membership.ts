import type { MessageRef, MetaChange, Step, Topic } from '@rollcall/shared-protocol'
import { type JoinPayload, makeJoinPayload } from '../arguments'
import { RunningMachine } from '../async/running-machine'
import { ResettableTimer } from '../async/timer'
import type { ClientConnection } from '../connection/client-connection'
import type { ReceivedFrame } from '../connection/connection-state'
import type { RollcallError } from '../errors'
import { ChangeListeners, Listeners } from '../listeners'
import { OwnPresence } from '../presence/own-presence'
import { PresenceFeed } from '../presence/presence-feed'
import { readRefusal } from '../refusal'
import {
  channelEventOf,
  disconnectedError,
  joinRefOf,
  joinTimeoutError,
  noUpdatesError,
  overError,
  takenError,
  unsendableJoin,
} from './channel-events'
import { stepChannel } from './channel-machine'
import { type ChannelEffect, type ChannelEvent, type ChannelState, INITIAL_CHANNEL } from './channel-state'
import type { Channels, OpenChannel } from './channels'
import { PendingCalls } from './pending-calls'
import { type Push, PushQueue } from './push-queue'

/*
 *   ClientConnection <--> TopicMembership: runs the channel machine
 *                              |-- PushQueue       the application's pushes
 *                              |-- PresenceFeed    the presences in the topic
 *                              |-- OwnPresence     changes of this client's own presence
 *                          Channel, Presence: the objects that the application holds
 */

type ReceivedReply = Extract<ReceivedFrame, { readonly kind: 'reply' }>

/** The application's own events. */
type AppEvents = { [event: string]: (payload: never) => void }

/** This client's membership of one topic. */
export class TopicMembership<M> implements OpenChannel {
  readonly topic: Topic
  readonly events = new Listeners<AppEvents>()
  readonly changes = new ChangeListeners()
  readonly feed: PresenceFeed<M>
  readonly channel: unknown
  readonly #connection: ClientConnection
  readonly #channels: Channels
  readonly #machine: RunningMachine<ChannelState, ChannelEvent, ChannelEffect>
  readonly #timer: ResettableTimer
  readonly #pushes: PushQueue
  readonly #own: OwnPresence
  readonly #calls: PendingCalls
  #payload: JoinPayload
  #response: unknown = null
  #leaveRef: MessageRef = null
  #syncRef: MessageRef = null

  /** @param channel - The object that the application holds. */
  constructor(
    connection: ClientConnection,
    channels: Channels,
    topic: Topic,
    payload: JoinPayload,
    channel: unknown,
  ) {
    const { options, dialect } = connection
    this.topic = topic
    this.channel = channel
    this.#connection = connection
    this.#channels = channels
    this.#payload = payload
    this.#timer = new ResettableTimer(options.clock, () => this.#dispatch({ kind: 'due' }))
    this.#machine = new RunningMachine<ChannelState, ChannelEvent, ChannelEffect>(
      INITIAL_CHANNEL,
      (state, event) => this.#step(state, event),
      (effect) => this.#perform(effect),
      () => this.changes.notify(),
    )
    this.#calls = new PendingCalls(options)
    this.#pushes = new PushQueue(connection, channels)
    this.feed = new PresenceFeed<M>(
      options,
      () => this.#requestState(),
      () => connection.recoveringMs,
      dialect.hasPositions,
    )
    this.#own = new OwnPresence(topic, options, (change) => this.#sendChange(change))
    channels.add(this)
  }

  get state(): ChannelState {
    return this.#machine.state
  }

  get response(): unknown {
    return this.#response
  }

  join(): Promise<unknown> {
    const pending = this.#calls.join
    if (pending !== null) return pending
    if (!this.#channels.add(this)) return Promise.reject(takenError(this.topic))
    const joined = this.#calls.addJoin((timeoutMs) => {
      const { state } = this
      const cause = state.name === 'waiting' ? state.error : null
      return cause ?? joinTimeoutError(this.topic, timeoutMs)
    })
    if (this.state.name === 'joined') this.#calls.resolveJoin(this.#response)
    else this.#dispatch({ kind: 'join' })
    return joined
  }

  leave(): Promise<void> {
    const pending = this.#calls.leave
    if (pending === null && this.state.name === 'left') return Promise.resolve()
    const left = pending ?? this.#calls.addLeave()
    // Also if a leave is pending: the application may have called join() in between, and the latest call wins.
    this.#dispatch({ kind: 'leave' })
    return left
  }

  push(push: Push): Promise<unknown> {
    const { state } = this
    const over = overError(this.topic, state)
    if (over) return Promise.reject(over)
    return this.#pushes.send(push, state.name === 'joined' ? state.joinRef : null)
  }

  change(change: MetaChange): Promise<void> {
    const over = this.#connection.dialect.hasUpdates
      ? overError(this.topic, this.state)
      : noUpdatesError(this.topic)
    if (!over) return this.#own.request(change)
    const rejected = Promise.reject(over)
    // The caller need not await an update, even one that comes too late.
    rejected.catch(() => {})
    return rejected
  }

  connected(): void {
    this.#dispatch({ kind: 'connected' })
  }

  replacePayload(payload: unknown): void {
    this.#payload = payload as JoinPayload
  }

  #dispatch(event: ChannelEvent): void {
    this.#machine.dispatch(event)
  }

  #step(state: ChannelState, event: ChannelEvent): Step<ChannelState, ChannelEffect> {
    const { timeoutMs, backoff, random } = this.#connection.options
    const freshRef = this.#connection.peekRef()
    const step = stepChannel(state, event, {
      topic: this.topic,
      isConnected: this.#connection.isConnected,
      freshRef,
      random: random(),
      timeoutMs,
      hasRetryableCodes: this.#connection.dialect.hasRetryableCodes,
      backoff,
    })
    if (joinRefOf(step.state) === freshRef) this.#connection.nextRef()
    return step
  }

  #perform(effect: ChannelEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'sendJoin':
        return this.#sendJoin(effect.joinRef)
      case 'sendLeave': {
        const { joinRef } = effect
        this.#leaveRef = this.#connection.nextRef()
        return this.#connection.send({ kind: 'leave', topic: this.topic, ref: this.#leaveRef, joinRef })
      }
      case 'leaveLater':
        return this.#connection.leaveLater(this.topic)
      case 'joined':
        return this.#onJoined(effect.response)
      case 'joinFailed':
        return this.#calls.rejectJoin(effect.error)
      case 'disconnected':
        this.#own.dispatch({ kind: 'lost' })
        this.#pushes.failSent()
        this.feed.dispatch({ kind: 'lost' })
        return this.#calls.forgetJoin()
      case 'failed':
        return this.#fail(effect.error)
      case 'left':
        if (this.state.name === 'left') this.#channels.remove(this)
        return this.#calls.resolveLeave()
    }
  }

  #sendJoin(joinRef: string): void {
    try {
      const payload = this.#own.payloadOf(makeJoinPayload(this.topic, this.#payload))
      const { state } = this
      // Only a rejoin continues from a position. A page that was loaded again starts without one.
      const isRejoin = state.name === 'joining' && state.isRejoin
      this.#connection.cancelLeave(this.topic)
      this.#connection.send({
        kind: 'join',
        topic: this.topic,
        ref: joinRef,
        joinRef,
        payload,
        ...(isRejoin ? { since: this.feed.position } : {}),
      })
    } catch (thrown) {
      this.#dispatch(unsendableJoin(this.topic, joinRef, thrown))
    }
  }

  #onJoined(response: unknown): void {
    const { state } = this
    if (state.name !== 'joined') return
    this.#response = response
    this.feed.dispatch({ kind: 'joined' })
    this.#own.dispatch({ kind: 'joined' })
    this.#pushes.flush(state.joinRef)
    this.#calls.resolveJoin(response)
  }

  #fail(error: RollcallError): void {
    this.#response = null
    this.#rejectCallers(error)
    this.#own.dispatch({ kind: 'cleared' })
    this.feed.dispatch({ kind: 'cleared' })
  }

  lost(isFinal: boolean): void {
    this.#dispatch({ kind: 'lost' })
    if (!isFinal) return
    // The channel stays, and joins again if the socket connects again. Callers who wait now are rejected.
    this.#rejectCallers(disconnectedError())
  }

  #rejectCallers(error: RollcallError): void {
    this.#calls.rejectJoin(error)
    this.#pushes.failAll(error)
    this.#own.fail(error)
  }

  receive(frame: ReceivedFrame): void {
    const joinRef = joinRefOf(this.state)
    if (joinRef === null) return
    // The frame belongs to an earlier join. (C-6)
    if (frame.kind !== 'diff' && frame.joinRef !== null && frame.joinRef !== joinRef) return
    switch (frame.kind) {
      case 'event':
        if (this.state.name !== 'leaving') this.events.emit(frame.event, frame.payload as never)
        return
      case 'state':
      case 'diff':
      case 'metas_state':
      case 'metas_diff':
        if (this.state.name === 'joined') this.feed.dispatch(frame)
        return
      case 'reply':
      case 'channel_closed':
      case 'channel_failed': {
        const event = channelEventOf(this.topic, frame, { joinRef, leaveRef: this.#leaveRef })
        if (event) this.#dispatch(event)
        else if (frame.kind === 'reply') this.#onReply(frame)
      }
    }
  }

  #onReply({ ref, status, response }: ReceivedReply): void {
    const error = status === 'error' ? response : null
    if (ref === null || ref !== this.#syncRef) this.#pushes.onReply(ref, error, response)
    else if (error) this.feed.dispatch({ kind: 'syncRefused', ...readRefusal(error) })
  }

  #requestState(): void {
    const { state } = this
    if (state.name !== 'joined') return
    this.#syncRef = this.#connection.nextRef()
    this.#connection.send({ kind: 'sync', topic: this.topic, ref: this.#syncRef, joinRef: state.joinRef })
  }

  #sendChange(change: MetaChange): Promise<unknown> {
    const { topic } = this
    const { timeoutMs } = this.#connection.options
    const what = `The update of the own presence in "${topic}"`
    const write: Push['write'] = (ref, joinRef) => ({ ...change, topic, ref, joinRef })
    return this.#pushes.send({ what, timeoutMs, write }, joinRefOf(this.state))
  }
}
