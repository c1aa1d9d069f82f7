import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { STATUS_LABELS, STATUSES, type Status } from '../model/status'
import { Icon } from './icon'
import { StatusDot } from './status-dot'
import styles from './status-menu.module.css'

interface Props {
  /** The chosen status. */
  readonly chosen: Status
  /** The status that others see: `away` for an idle device. */
  readonly shown: Status
  readonly onChoose: (status: Status) => void
  readonly onRename: () => void
}

/** The menu for the own status, with the usual keys of a menu: arrows, Home, End and Esc. */
export function StatusMenu({ chosen, shown, onChoose, onRename }: Props) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()

  useEffect(() => {
    if (!isOpen) return
    menu.current?.querySelector<HTMLElement>('[aria-checked="true"]')?.focus()
    const onPointerDown = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', onPointerDown)
    return () => document.removeEventListener('pointerdown', onPointerDown)
  }, [isOpen])

  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  const onMenuKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]
    const at = items.indexOf(document.activeElement as HTMLElement)
    const target = nextItem(event.key, at, items.length)
    if (target !== null) items[target]?.focus()
    else if (event.key === 'Tab') setOpen(false)
    if (event.key === 'Escape') close()
    // Handled here, because Esc must not also close the drawer around the menu.
    if (target !== null || event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
    }
  }

  return (
    <div className={styles.root} ref={root}>
      <button
        ref={button}
        type="button"
        className={styles.button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={`Your status: ${STATUS_LABELS[shown]}`}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (isOpen || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
          event.preventDefault()
          setOpen(true)
        }}
      >
        <StatusDot status={shown} />
        <span>{STATUS_LABELS[shown]}</span>
        <Icon name="up" size={14} />
      </button>
      {isOpen && (
        <div
          ref={menu}
          id={id}
          className={styles.menu}
          role="menu"
          aria-label="Your status"
          onKeyDown={onMenuKeyDown}
        >
          {STATUSES.map((status) => (
            <button
              key={status}
              type="button"
              className={styles.item}
              role="menuitemradio"
              aria-checked={status === chosen}
              tabIndex={-1}
              onClick={() => {
                onChoose(status)
                close()
              }}
            >
              <StatusDot status={status} />
              <span className={styles.itemLabel}>{STATUS_LABELS[status]}</span>
              {status === chosen && <Icon name="check" size={16} />}
            </button>
          ))}
          <div className={styles.separator} aria-hidden="true" />
          <button
            type="button"
            className={styles.item}
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              // Focuses the button first, because the dialog later restores the focus to it.
              close()
              onRename()
            }}
          >
            <Icon name="pencil" size={14} />
            <span className={styles.itemLabel}>Change name…</span>
          </button>
        </div>
      )}
    </div>
  )
}

function nextItem(key: string, at: number, length: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % length
    case 'ArrowUp':
      return (at - 1 + length) % length
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return null
  }
}
