/** What an environment reports about its network. A hint says when to try, not whether a connection works. */
export interface NetworkHints {
  isOnline(): boolean
  /** Reports every change. Returns a function that stops it. */
  watch(listener: NetworkHintListener): () => void
}

export interface NetworkHintListener {
  online(): void
  offline(): void
  /** The page is visible again, or continues. Its timers may have been slow or stopped while it was hidden. */
  visible(): void
  /** The browser is about to freeze the page or to put it into the back/forward cache. The socket closes until `visible`. */
  suspended(): void
  /** The page was closed, left or reloaded. */
  unloaded(): void
}

/** The parts of a window or of a worker's global scope that this file uses. */
type Scope = Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>> & {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: Document
}

/**
 * The hints of the browser's window and document, or of a worker's global scope. An environment that would not report
 * the return of the network, such as Node and React Native, counts as online. (C-3)
 */
export const systemNetworkHints: NetworkHints = {
  isOnline: () => !isReported() || scope().navigator?.onLine !== false,

  watch({ online, offline, visible, suspended, unloaded }) {
    if (!isReported()) return () => {}
    const target = globalThis as unknown as EventTarget
    const page = scope().document
    const watched: readonly (readonly [EventTarget | undefined, string, (event: Event) => void])[] = [
      [target, 'online', () => online()],
      [target, 'offline', () => offline()],
      [target, 'pageshow', (event) => isCached(event) && visible()],
      [target, 'pagehide', (event) => (isCached(event) ? suspended() : unloaded())],
      [page, 'visibilitychange', () => page?.visibilityState === 'visible' && visible()],
      [page, 'freeze', () => suspended()],
      [page, 'resume', () => visible()],
    ]
    for (const [on, event, run] of watched) on?.addEventListener(event, run)
    return () => {
      for (const [on, event, run] of watched) on?.removeEventListener(event, run)
    }
  },
}

const scope = () => globalThis as unknown as Scope

/** Whether the environment has events. Without them, the client would never learn that the network is back. */
const isReported = () => typeof scope().addEventListener === 'function'

/** Whether the page goes to the back/forward cache, or comes from it. */
const isCached = (event: Event) => (event as PageTransitionEvent).persisted

type HintKind = keyof NetworkHintListener

/** Listens to the environment's hints while it is switched on. */
export class NetworkWatch {
  readonly #hints: NetworkHints
  readonly #notify: (kind: HintKind) => void
  #unwatch: (() => void) | null = null

  constructor(hints: NetworkHints, notify: (kind: HintKind) => void) {
    this.#hints = hints
    this.#notify = notify
  }

  /** When it is switched on, also reports the present state. */
  set(isOn: boolean): void {
    this.#unwatch?.()
    this.#unwatch = null
    if (!isOn) return
    this.#unwatch = this.#hints.watch({
      online: () => this.#notify('online'),
      offline: () => this.#notify('offline'),
      visible: () => this.#notify('visible'),
      suspended: () => this.#notify('suspended'),
      unloaded: () => this.#notify('unloaded'),
    })
    this.#notify(this.#hints.isOnline() ? 'online' : 'offline')
  }
}
