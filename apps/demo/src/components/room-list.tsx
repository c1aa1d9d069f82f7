import type { RoomRow } from '../model/hall'
import { hashOf, roomTitle } from '../model/room'
import { countPeople } from '../model/words'
import { Avatar } from './avatar'
import styles from './room-list.module.css'

interface Props {
  readonly rows: readonly RoomRow[]
  readonly current: string
}

/** Most avatars of a room. A number stands for the rest. */
const MAX_FACES = 3

export function RoomList({ rows, current }: Props) {
  return (
    <ul className={styles.list}>
      {rows.map(({ room, people }) => (
        <li key={room}>
          <a
            className={styles.link}
            href={hashOf(room)}
            aria-label={
              people.length > 0 ? `${roomTitle(room)}, ${countPeople(people.length)}` : roomTitle(room)
            }
            aria-current={room === current ? 'page' : undefined}
          >
            <span className={styles.name}>{roomTitle(room)}</span>
            <span className={styles.faces} aria-hidden="true">
              {people.length > MAX_FACES && <span className={styles.count}>{people.length}</span>}
              {people.slice(0, MAX_FACES).map(({ id, name }) => (
                <Avatar key={id} id={id} name={name} size="xs" />
              ))}
            </span>
          </a>
        </li>
      ))}
    </ul>
  )
}
