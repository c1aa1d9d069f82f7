import { useEffect } from 'react'

/** What the browser's tab says: unread messages first, as a tab shows little more. */
export function useTitle(title: string, unread: number): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${title} · Rollcall`
  }, [title, unread])
}
