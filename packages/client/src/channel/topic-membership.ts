import type { MessageRef, MetaChange, Step, Topic } from '@rollcall/shared-protocol'
import { type JoinPayload, jsonObjectOf, makeJoinPayload } from '../arguments'
import { RunningMachine } from '../async/running-machine'
import { PendingResult, ResettableTimer } from '../async/timer'
import { type RollcallError, timeoutError } from '../errors'
import { ChangeListeners, Listeners } from '../listeners'
import { OwnPresence } from '../presence/own-presence'
import { PresenceFeed } from '../presence/presence-feed'
import { readRefusal } from '../refusal'
import {
  channelEventOf,
  disconnectedError,
  noUpdatesError,
  overError,
  takenError,
  unsendableJoin,
} from './channel-events'
import type { ChannelEnd, ChannelLink, ReceivedFrame } from './channel-link'
import {
  type ChannelEffect,
  type ChannelEvent,
  type ChannelState,
  INITIAL_CHANNEL,
  stepChannel,
} from './channel-machine'
import { type Push, PushQueue } from './push-queue'

/*
 *   ChannelLink (the socket) <--> Membership: the channel machine at work
 *                                     |-- PushQueue       what the application pushes
 *                                     |-- PresenceFeed    who is there
 *                                     |-- OwnPresence     what we say of ourselves
 *                                 Channel, Presence: what the application holds
 */

/** The application's own events: any name, any payload. */
type AppEvents = { [event: string]: (payload: never) => void }

export class TopicMembership<M> {
  readonly topic: Topic
  readonly events = new Listeners<AppEvents>()
  readonly changes = new ChangeListeners()
  readonly feed: PresenceFeed<M>
  readonly #link: ChannelLink
  readonly #end: ChannelEnd
  readonly #machine: RunningMachine<ChannelState, ChannelEvent, ChannelEffect>
  readonly #timer: ResettableTimer
  readonly #pushes: PushQueue
  readonly #own: OwnPresence
  #payload: JoinPayload
  #response: unknown = null
  #joining: PendingResult<unknown> | null = null
  #leaving: PendingResult<void> | null = null
  #leaveRef: MessageRef = null
  #syncRef: MessageRef = null

  /** `channel` is what the application holds of it. */
  constructor(link: ChannelLink, topic: Topic, payload: JoinPayload, channel: unknown) {
    const { options } = link
    this.topic = topic
    this.#link = link
    this.#payload = payload
    this.#timer = new ResettableTimer(options.clock, () => this.#dispatch({ kind: 'due' }))
    this.#machine = new RunningMachine<ChannelState, ChannelEvent, ChannelEffect>(
      INITIAL_CHANNEL,
      (state, event) => this.#step(state, event),
      (effect) => this.#perform(effect),
      () => this.changes.notify(),
    )
    this.#pushes = new PushQueue(link)
    this.feed = new PresenceFeed<M>(
      options,
      () => this.#requestState(),
      () => link.settlingMs(),
      link.dialect.hasPositions,
    )
    this.#own = new OwnPresence(topic, options, (change) => this.#sendChange(change))
    this.#end = {
      channel,
      receive: (frame) => this.#receive(frame),
      connected: () => this.#dispatch({ kind: 'connected' }),
      lost: (isFinal) => this.#lose(isFinal),
      replacePayload: (next) => {
        this.#payload = next as JoinPayload
      },
    }
    link.addChannel(topic, this.#end)
  }

  get state(): ChannelState {
    return this.#machine.state
  }

  get response(): unknown {
    return this.#response
  }

  join(): Promise<unknown> {
    if (this.#joining) return this.#joining.promise
    if (!this.#link.addChannel(this.topic, this.#end)) return Promise.reject(takenError(this.topic))
    const { clock, timeoutMs } = this.#link.options
    const waiter = new PendingResult<unknown>(clock, timeoutMs, () => {
      const { state } = this
      const cause = state.name === 'waiting' ? state.error : null
      this.#joining = null
      waiter.reject(
        cause ?? timeoutError(`The join of "${this.topic}"`, timeoutMs, 'It is still being tried.'),
      )
    })
    // The channel's status and snapshot tell the same: a join may be made in passing.
    this.#joining = waiter.markHandled()
    if (this.state.name === 'joined') waiter.resolve(this.#response)
    else this.#dispatch({ kind: 'join' })
    return waiter.promise
  }

  leave(): Promise<void> {
    if (this.#leaving) {
      // It may have been asked to join again meanwhile; the latest word counts.
      this.#dispatch({ kind: 'leave' })
      return this.#leaving.promise
    }
    if (this.state.name === 'left') return Promise.resolve()
    // No deadline of its own: the machine departs when the answer to its leave takes too long.
    const waiter = new PendingResult<void>(this.#link.options.clock, null)
    this.#leaving = waiter
    this.#dispatch({ kind: 'leave' })
    return waiter.promise
  }

  push(push: Push): Promise<unknown> {
    const over = overError(this.topic, this.state)
    if (over) return Promise.reject(over)
    const { state } = this
    return this.#pushes.send(push, state.name === 'joined' ? state.joinRef : null)
  }

  change(change: MetaChange): Promise<void> {
    const over = this.#link.dialect.hasUpdates
      ? overError(this.topic, this.state)
      : noUpdatesError(this.topic)
    const value = change.kind === 'update' ? change.meta : change.patch
    if (over) {
      const refused = Promise.reject(over)
      // An update may be made in passing, also one that comes too late.
      refused.catch(() => {})
      return refused
    }
    try {
      const json = jsonObjectOf(`The argument of presence.${change.kind} in "${this.topic}"`, value)
      return this.#own.request(
        change.kind === 'update' ? { ...change, meta: json } : { ...change, patch: json },
      )
    } catch (mistake) {
      // Not marked as handled: a mistake of the program's is not to pass unseen.
      return Promise.reject(mistake)
    }
  }

  #dispatch(event: ChannelEvent): void {
    this.#machine.dispatch(event)
  }

  #step(state: ChannelState, event: ChannelEvent): Step<ChannelState, ChannelEffect> {
    const { timeoutMs, backoff, random } = this.#link.options
    const freshRef = this.#link.peekRef()
    const step = stepChannel(state, event, {
      topic: this.topic,
      isConnected: this.#link.isConnected,
      freshRef,
      random: random(),
      timeoutMs,
      hasRetryableCodes: this.#link.dialect.hasRetryableCodes,
      backoff,
    })
    if (joinRefOf(step.state) === freshRef) this.#link.nextRef()
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
        this.#leaveRef = this.#link.nextRef()
        return this.#link.send({ kind: 'leave', topic: this.topic, ref: this.#leaveRef, joinRef })
      }
      case 'leaveLater':
        return this.#link.leaveLater(this.topic)
      case 'joined':
        return this.#onJoined(effect.response)
      case 'joinFailed': {
        const joining = this.#joining
        this.#joining = null
        return joining?.reject(effect.error)
      }
      case 'disconnected':
        this.#own.dispatch({ kind: 'lost' })
        this.#pushes.failSent()
        this.feed.dispatch({ kind: 'lost' })
        this.#joining = null
        return
      case 'failed':
        return this.#fail(effect.error)
      case 'left': {
        if (this.state.name === 'left') this.#link.removeChannel(this.topic, this.#end)
        const leaving = this.#leaving
        this.#leaving = null
        leaving?.resolve()
      }
    }
  }

  #sendJoin(joinRef: string): void {
    try {
      const payload = this.#own.payloadOf(makeJoinPayload(this.topic, this.#payload))
      const { state } = this
      // Only who was in goes on; for the server, a page that was loaded anew joins anew.
      const isRejoin = state.name === 'joining' && state.isRejoin
      this.#link.cancelLeave(this.topic)
      this.#link.send({
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
    this.#joining?.resolve(response)
  }

  #fail(error: RollcallError): void {
    const joining = this.#joining
    this.#joining = null
    this.#response = null
    joining?.reject(error)
    this.#pushes.failAll(error)
    this.#own.fail(error)
    this.#own.dispatch({ kind: 'cleared' })
    this.feed.dispatch({ kind: 'cleared' })
  }

  #lose(isFinal: boolean): void {
    this.#dispatch({ kind: 'lost' })
    if (!isFinal) return
    // The channel stays: it joins again if the socket is connected again. Those who wait are not left waiting.
    const error = disconnectedError()
    const joining = this.#joining
    this.#joining = null
    joining?.reject(error)
    this.#pushes.failAll(error)
    this.#own.fail(error)
  }

  #receive(frame: ReceivedFrame): void {
    const joinRef = joinRefOf(this.state)
    if (joinRef === null) return
    // Of an earlier join: its time is over. (C-6)
    if (frame.kind !== 'diff' && frame.joinRef !== null && frame.joinRef !== joinRef) return
    const event = channelEventOf(this.topic, frame, { joinRef, leaveRef: this.#leaveRef })
    if (event) return this.#dispatch(event)
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
      case 'reply': {
        const error = frame.status === 'error' ? frame.response : null
        if (frame.ref === null || frame.ref !== this.#syncRef)
          this.#pushes.answer(frame.ref, error, frame.response)
        else if (error) this.feed.dispatch({ kind: 'syncRefused', ...readRefusal(error) })
        return
      }
      case 'channel_closed':
      case 'channel_failed':
    }
  }

  #requestState(): void {
    const { state } = this
    if (state.name !== 'joined') return
    this.#syncRef = this.#link.nextRef()
    this.#link.send({ kind: 'sync', topic: this.topic, ref: this.#syncRef, joinRef: state.joinRef })
  }

  #sendChange(change: MetaChange): Promise<unknown> {
    const { topic } = this
    const joinRef = joinRefOf(this.state)
    return this.#pushes.send(
      {
        what: `The update of our presence in "${topic}"`,
        timeoutMs: this.#link.options.timeoutMs,
        write: (ref, ofJoin) => ({ ...change, topic, ref, joinRef: ofJoin }),
      },
      joinRef,
    )
  }
}

function joinRefOf(state: ChannelState): string | null {
  return 'joinRef' in state ? state.joinRef : null
}
