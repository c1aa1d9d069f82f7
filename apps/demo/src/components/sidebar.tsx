import type { ReactNode } from 'react'
import type { RoomRow } from '../model/hall'
import { Mark } from './mark'
import { NewRoomForm } from './new-room-form'
import { RoomList } from './room-list'
import styles from './sidebar.module.css'

interface Props {
  readonly rows: readonly RoomRow[]
  readonly current: string
  readonly self: ReactNode
}

export function Sidebar({ rows, current, self }: Props) {
  return (
    <div className={styles.sidebar}>
      <div className={styles.brand}>
        <Mark />
        <span>Rollcall</span>
      </div>
      <nav className={styles.rooms} aria-label="Rooms">
        <h2 className={styles.heading}>Rooms</h2>
        <RoomList rows={rows} current={current} />
        <NewRoomForm />
      </nav>
      {self}
    </div>
  )
}
