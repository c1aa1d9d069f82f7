import { usePresence } from '@rollcall/client/react'
import { type Dispatch, useEffect, useMemo, useRef, useState } from 'react'
import { useArrivals } from '../hooks/use-arrivals'
import { useMedia } from '../hooks/use-media'
import { useMessages } from '../hooks/use-messages'
import type { RoomEvent } from '../hooks/use-timelines'
import { useToldMeta } from '../hooks/use-told-meta'
import { useTyping } from '../hooks/use-typing'
import type { Identity } from '../model/identity'
import type { RoomMeta } from '../model/meta'
import { roomTitle, topicOf } from '../model/room'
import type { Status } from '../model/status'
import type { Timeline as Lines } from '../model/timeline'
import { Composer } from './composer'
import { ConnectionBar } from './connection-bar'
import { EmptyRoom } from './empty-room'
import { PanelSlot } from './panel-slot'
import { RefusedRoom } from './refused-room'
import styles from './room.module.css'
import { RoomHeader } from './room-header'
import { Roster } from './roster'
import { Timeline, type TimelineHandle } from './timeline'
import { TypingLine } from './typing-line'

interface Props {
  readonly room: string
  readonly identity: Identity
  readonly status: Status
  readonly lines: Lines
  readonly dispatch: Dispatch<RoomEvent>
  readonly isRoomsDrawer: boolean
  readonly onOpenRooms: () => void
  /** Called when the room is joined. */
  readonly onEntered: (room: string) => void
  /** Joins again after the server ended the channel. */
  readonly onReenter: () => void
}

/** One room: its channel, its messages and the people in it. */
export function Room({ room, identity, status, lines, dispatch, onEntered, onReenter, ...panels }: Props) {
  const { isTyping, touch, stop } = useTyping()
  const [at] = useState(() => Math.floor(Date.now() / 1000))
  const meta = useMemo<RoomMeta>(
    () => ({ n: identity.name, s: status, at, ...(isTyping && { t: 1 as const }) }),
    [identity.name, status, at, isTyping],
  )
  const { channel, status: channelStatus, error } = useToldMeta<RoomMeta>(topicOf(room), meta)
  const { send, retry, discard } = useMessages(channel, room, identity, dispatch)
  useArrivals(channel, room, identity.id, dispatch)
  const people = usePresence(channel, (view) => (view.isSynced ? view.size : null))
  const isStale = usePresence(channel, (view) => view.isStale)

  const isPeopleDrawer = useMedia('(max-width: 1023px)')
  const hasMouse = useMedia('(hover: hover) and (pointer: fine)')
  const [isPeopleOpen, setPeopleOpen] = useState(false)
  const timeline = useRef<TimelineHandle>(null)
  const title = roomTitle(room)

  useEffect(() => {
    if (channelStatus === 'joined') onEntered(room)
  }, [channelStatus, onEntered, room])

  const isOut = channelStatus === 'refused' || channelStatus === 'left'
  return (
    <div className={styles.room}>
      <main className={styles.main}>
        <RoomHeader
          room={room}
          people={people}
          isStale={isStale}
          hasRoomsButton={panels.isRoomsDrawer}
          hasPeopleButton={isPeopleDrawer}
          onOpenRooms={panels.onOpenRooms}
          onOpenPeople={() => setPeopleOpen(true)}
        />
        <div className={styles.body}>
          <ConnectionBar />
          {isOut ? (
            <RefusedRoom channel={channel} status={channelStatus} error={error} onReenter={onReenter} />
          ) : (
            <>
              <Timeline
                ref={timeline}
                title={title}
                lines={lines}
                selfId={identity.id}
                empty={
                  <EmptyRoom title={title} isEntered={people !== null} error={error} people={people ?? 0} />
                }
                onRetry={retry}
                onDiscard={discard}
              />
              <TypingLine channel={channel} selfId={identity.id} />
              <Composer
                title={title}
                hasFocusAtStart={hasMouse}
                onSend={(text) => {
                  send(text)
                  timeline.current?.toEnd()
                }}
                onTouch={touch}
                onStop={stop}
              />
            </>
          )}
        </div>
      </main>
      <PanelSlot
        label="People"
        place="end"
        isDrawer={isPeopleDrawer}
        isOpen={isPeopleOpen}
        onClose={() => setPeopleOpen(false)}
      >
        <Roster channel={channel} selfId={identity.id} />
      </PanelSlot>
    </div>
  )
}
