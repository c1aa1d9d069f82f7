import { useEffect } from 'react'

/** Sets the title of the browser's tab. The number of unread messages comes first, because a tab is narrow. */
export function useTitle(title: string, unread: number): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${title} · Rollcall`
  }, [title, unread])
}
