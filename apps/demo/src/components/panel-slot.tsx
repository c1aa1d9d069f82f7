import type { ReactNode } from 'react'
import { Dialog } from './dialog'

interface Props {
  readonly label: string
  readonly place: 'start' | 'end'
  readonly isDrawer: boolean
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A column beside the room on a wide page, otherwise a drawer. */
export function PanelSlot({ label, place, isDrawer, isOpen, onClose, children }: Props) {
  if (!isDrawer) {
    return <aside aria-label={label}>{children}</aside>
  }
  if (!isOpen) return null
  return (
    <Dialog title={label} place={place} hasOwnTitle onClose={onClose}>
      {children}
    </Dialog>
  )
}
