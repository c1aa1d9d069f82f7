import { usePresence } from '@rollcall/client/react'
import { useEffect, useState } from 'react'
import { useChosenStatus } from '../hooks/use-chosen-status'
import { useHashRoom } from '../hooks/use-hash-room'
import { useIdle } from '../hooks/use-idle'
import { useMedia } from '../hooks/use-media'
import { useOwnRooms } from '../hooks/use-own-rooms'
import { useTimelines } from '../hooks/use-timelines'
import { useToldMeta } from '../hooks/use-told-meta'
import { roomRows, sameRows } from '../model/hall'
import type { Identity } from '../model/identity'
import { HALL, type HallMeta, hallMeta } from '../model/meta'
import { deviceStatus } from '../model/status'
import styles from './chat.module.css'
import { MESSAGE_BOX_ID } from './composer'
import { PanelSlot } from './panel-slot'
import { Room } from './room'
import { SelfCard } from './self-card'
import { Sidebar } from './sidebar'

/** Time without input after which the user counts as away, in milliseconds. */
const IDLE_MS = 5 * 60_000

interface Props {
  readonly identity: Identity
  readonly onRename: (name: string) => void
}

/** The whole chat: the rooms and the user's card on one side, the open room on the other. */
export function Chat({ identity, onRename }: Props) {
  const room = useHashRoom()
  const [visit, setVisit] = useState(0)
  const [ownRooms, rememberRoom] = useOwnRooms()
  const [chosen, choose] = useChosenStatus()
  const status = deviceStatus(chosen, useIdle(IDLE_MS))
  const [timelineOf, dispatch] = useTimelines()

  const hall = useToldMeta<HallMeta>(HALL, hallMeta(identity.name, room))
  const rows = usePresence(hall.channel, (view) => roomRows(view.list, [...ownRooms, room]), sameRows)

  const isRoomsDrawer = useMedia('(max-width: 719px)')
  const [isRoomsOpen, setRoomsOpen] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: closes the drawer after a room was chosen.
  useEffect(() => setRoomsOpen(false), [room])

  return (
    <div className={styles.chat}>
      {/* A button and not a link, because the hash of the address is the room. */}
      <button
        type="button"
        className={styles.skip}
        onClick={() => document.getElementById(MESSAGE_BOX_ID)?.focus()}
      >
        Skip to the message box
      </button>
      <PanelSlot
        label="Rooms and you"
        place="start"
        isDrawer={isRoomsDrawer}
        isOpen={isRoomsOpen}
        onClose={() => setRoomsOpen(false)}
      >
        <Sidebar
          rows={rows}
          current={room}
          self={
            <SelfCard
              identity={identity}
              chosen={chosen}
              shown={status}
              onChoose={choose}
              onRename={onRename}
            />
          }
        />
      </PanelSlot>
      <Room
        // Another room, or another visit to the same, starts without state.
        key={`${visit}/${room}`}
        room={room}
        identity={identity}
        status={status}
        lines={timelineOf(room)}
        dispatch={dispatch}
        isRoomsDrawer={isRoomsDrawer}
        onOpenRooms={() => setRoomsOpen(true)}
        onEntered={rememberRoom}
        onReenter={() => setVisit(visit + 1)}
      />
    </div>
  )
}
