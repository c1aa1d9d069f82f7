import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import styles from './dialog.module.css'
import { IconButton } from './icon-button'

interface Props {
  readonly title: string
  /** `center` is a card, `start` and `end` are drawers at that edge. */
  readonly place?: 'center' | 'start' | 'end'
  /** The title is drawn by the content itself. */
  readonly hasOwnTitle?: boolean
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A modal dialog: the browser traps the focus, makes the rest inert, closes on Esc and restores the focus. */
export function Dialog({ title, place = 'center', hasOwnTitle = false, onClose, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // A layout effect, because its cleanup runs while the dialog is still in the page: only then does closing it restore
  // the focus.
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!dialog || dialog.open) return
    dialog.showModal()
    const first = dialog.querySelector<HTMLElement>('[data-autofocus]')
    first?.focus()
    if (first instanceof HTMLInputElement) first.select()
    return () => dialog.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is on the backdrop; the keyboard has Esc.
    <dialog
      ref={ref}
      className={styles.dialog}
      data-place={place}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div className={styles.body}>
        <div className={hasOwnTitle ? 'quiet' : styles.head}>
          <h2 id={titleId} className={styles.title}>
            {title}
          </h2>
        </div>
        <IconButton icon="close" label="Close" className={styles.close} onClick={onClose} />
        {children}
      </div>
    </dialog>
  )
}
