import { useState } from 'react'
import type { Identity } from '../model/identity'
import type { Status } from '../model/status'
import { Avatar } from './avatar'
import { RenameDialog } from './rename-dialog'
import styles from './self-card.module.css'
import { StatusMenu } from './status-menu'
import { ThemeToggle } from './theme-toggle'

interface Props {
  readonly identity: Identity
  readonly chosen: Status
  readonly shown: Status
  readonly onChoose: (status: Status) => void
  readonly onRename: (name: string) => void
}

/** The user's own name, status and theme. */
export function SelfCard({ identity, chosen, shown, onChoose, onRename }: Props) {
  const [isRenaming, setRenaming] = useState(false)
  return (
    <section className={styles.card} aria-label="You">
      <Avatar id={identity.id} name={identity.name} />
      <div className={styles.words}>
        <span className={styles.name}>{identity.name}</span>
        <StatusMenu chosen={chosen} shown={shown} onChoose={onChoose} onRename={() => setRenaming(true)} />
      </div>
      <ThemeToggle />
      {isRenaming && (
        <RenameDialog name={identity.name} onRename={onRename} onClose={() => setRenaming(false)} />
      )}
    </section>
  )
}
