import type { Channel, ChannelStatus, RollcallError } from '@rollcall/client'
import type { RoomMeta } from '../model/meta'
import { problemWords } from '../model/problem-words'
import { FIRST_ROOM, hashOf, roomTitle } from '../model/room'
import buttons from './button.module.css'
import { RoomState } from './room-state'

interface Props {
  readonly channel: Channel<RoomMeta> | null
  readonly status: ChannelStatus
  readonly error: RollcallError | null
  readonly onReenter: () => void
}

/** A room that the server refused, or removed this client from. */
export function RefusedRoom({ channel, status, error, onReenter }: Props) {
  const isRefused = status === 'refused'
  const again = () => {
    // A refused channel can join again. A channel that has left needs a new one.
    if (isRefused) channel?.join().catch(() => {})
    else onReenter()
  }
  return (
    <RoomState
      isAlert
      icon="door"
      title={isRefused ? 'You can’t enter this room' : 'You are no longer in this room'}
      text={error === null ? 'The server ended it.' : problemWords(error)}
    >
      <button type="button" className={buttons.primary} onClick={again}>
        {isRefused ? 'Try again' : 'Come back in'}
      </button>
      <a className={buttons.plain} href={hashOf(FIRST_ROOM)}>
        Go to the {roomTitle(FIRST_ROOM)}
      </a>
    </RoomState>
  )
}
