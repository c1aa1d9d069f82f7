import type { Channel } from '@rollcall/client'
import { useChannelEvent } from '@rollcall/client/react'
import { type Dispatch, useCallback } from 'react'
import { randomId } from '../io/random-id'
import type { Identity } from '../model/identity'
import { MESSAGE_EVENT, type MessagePayload, readMessage } from '../model/message'
import { problemWords } from '../model/problem-words'
import type { MessageLine } from '../model/timeline'
import type { RoomEvent } from './use-timelines'

/** Longest wait of a message for a connection and a reply, in milliseconds. After it the message has failed. */
const SEND_TIMEOUT_MS = 20_000

/** Sends and receives a room's messages. A sent one shows at once. */
export function useMessages<M>(
  channel: Channel<M> | null,
  room: string,
  identity: Identity,
  dispatch: Dispatch<RoomEvent>,
) {
  useChannelEvent(channel, MESSAGE_EVENT, (payload) => {
    const message = readMessage(payload)
    if (message) dispatch({ room, event: { type: 'received', message, at: Date.now() } })
  })

  const push = useCallback(
    (message: MessagePayload) => {
      if (channel === null) return
      channel.push(MESSAGE_EVENT, message, { timeoutMs: SEND_TIMEOUT_MS }).then(
        () => dispatch({ room, event: { type: 'delivered', id: message.id } }),
        (error: unknown) =>
          dispatch({ room, event: { type: 'failed', id: message.id, problem: problemWords(error) } }),
      )
    },
    [channel, room, dispatch],
  )
  const send = useCallback(
    (text: string) => {
      const message = { id: randomId(), by: identity.id, n: identity.name, text }
      dispatch({ room, event: { type: 'composed', message, at: Date.now() } })
      push(message)
    },
    [push, room, identity, dispatch],
  )
  const retry = useCallback(
    ({ id, by, name, text }: MessageLine) => {
      dispatch({ room, event: { type: 'retried', id } })
      // With the same id: if the first one arrived after all, all clients ignore this one.
      push({ id, by, n: name, text })
    },
    [push, room, dispatch],
  )
  const discard = useCallback(
    ({ id }: MessageLine) => dispatch({ room, event: { type: 'discarded', id } }),
    [room, dispatch],
  )
  return { send, retry, discard }
}
