import { useState } from 'react'
import { roomTitle } from '../model/room'
import { countPeople } from '../model/words'
import { ConnectionBadge } from './connection-badge'
import { Icon } from './icon'
import { IconButton } from './icon-button'
import styles from './room-header.module.css'

interface Props {
  readonly room: string
  /** Number of people in the room; `null` while unknown. */
  readonly people: number | null
  /** The number is from before the connection was lost. */
  readonly isStale: boolean
  readonly hasRoomsButton: boolean
  readonly hasPeopleButton: boolean
  readonly onOpenRooms: () => void
  readonly onOpenPeople: () => void
}

export function RoomHeader({
  room,
  people,
  isStale,
  hasRoomsButton,
  hasPeopleButton,
  onOpenRooms,
  onOpenPeople,
}: Props) {
  const [word, setWord] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href)
      setWord('Link copied')
    } catch {
      setWord('Copy the link from the address bar')
    }
    setTimeout(() => setWord(''), 2500)
  }
  return (
    <header className={styles.header}>
      {hasRoomsButton && (
        <IconButton icon="menu" label="Rooms and you" aria-haspopup="dialog" onClick={onOpenRooms} />
      )}
      <div className={styles.words}>
        <h1 className={styles.title}>{roomTitle(room)}</h1>
        <p className={styles.sub}>
          {people === null ? ' ' : `${countPeople(people)}${isStale ? ', last known' : ' here'}`}
        </p>
      </div>
      <span className={styles.word} role="status">
        {word}
      </span>
      <ConnectionBadge />
      <IconButton icon="link" label="Copy the link to this room" onClick={() => void copy()} />
      {hasPeopleButton && (
        <button
          type="button"
          className={styles.people}
          aria-haspopup="dialog"
          aria-label={people === null ? 'People' : `People, ${people} here`}
          onClick={onOpenPeople}
        >
          <Icon name="people" />
          <span className={styles.number}>{people ?? '–'}</span>
        </button>
      )}
    </header>
  )
}
