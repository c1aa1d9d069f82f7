/** What an environment tells about its network. Hints only: they say when to try, never whether it works. */
export interface NetworkHints {
  isOnline(): boolean
  /** Tells of every change until the function that it returns is called. */
  watch(listener: NetworkHintListener): () => void
}

export interface NetworkHintListener {
  online(): void
  offline(): void
  /** The page is looked at again: timers may have been slowed or stopped while it was not. */
  visible(): void
}

/** Hints of the browser's window and document; in Node there are none, and the network counts as online. */
export const systemNetworkHints: NetworkHints = {
  isOnline: () => typeof navigator === 'undefined' || navigator.onLine !== false,

  watch(listener) {
    if (typeof window === 'undefined' || typeof window.addEventListener !== 'function') return () => {}
    const page = window
    const looked = () => {
      if (page.document?.visibilityState === 'visible') listener.visible()
    }
    const online = () => listener.online()
    const offline = () => listener.offline()
    page.addEventListener('online', online)
    page.addEventListener('offline', offline)
    page.document?.addEventListener('visibilitychange', looked)
    return () => {
      page.removeEventListener('online', online)
      page.removeEventListener('offline', offline)
      page.document?.removeEventListener('visibilitychange', looked)
    }
  },
}
