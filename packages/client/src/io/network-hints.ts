/** What an environment tells about its network. Hints only: they say when to try, never whether it works. */
export interface NetworkHints {
  isOnline(): boolean
  /** Tells of every change until the function that it returns is called. */
  watch(listener: NetworkHintListener): () => void
}

export interface NetworkHintListener {
  online(): void
  offline(): void
  /** Somebody looks at the page again, or it goes on: timers may have been slowed or stopped while it was hidden. */
  visible(): void
  /** The page is about to be frozen or put into the back/forward cache. The socket closes until `visible`. */
  suspended(): void
  /** The page is about to end: it was closed, left or reloaded. */
  unloaded(): void
}

/** What of a window, or of a worker's global scope, this file uses. */
type Scope = Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>> & {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: Document
}

/**
 * Hints of the browser's window and document, or of a worker's global scope. Where nobody would tell that the network
 * is back, as in Node and React Native, it counts as online.
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
      [target, 'pageshow', (event) => isKept(event) && visible()],
      [target, 'pagehide', (event) => (isKept(event) ? suspended() : unloaded())],
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

/** Whether the environment has events. What it says of its network is believed only where it also tells the end of it. */
const isReported = () => typeof scope().addEventListener === 'function'

/** Whether the page is, or was, in the back/forward cache. */
const isKept = (event: Event) => (event as PageTransitionEvent).persisted

type HintKind = keyof NetworkHintListener

/** Listens to what the environment says of its network, for as long as somebody wants to know. */
export class NetworkWatch {
  readonly #hints: NetworkHints
  readonly #tell: (kind: HintKind) => void
  #unwatch: (() => void) | null = null

  constructor(hints: NetworkHints, tell: (kind: HintKind) => void) {
    this.#hints = hints
    this.#tell = tell
  }

  /** Where it begins, also tells how things are. */
  set(isOn: boolean): void {
    this.#unwatch?.()
    this.#unwatch = null
    if (!isOn) return
    this.#unwatch = this.#hints.watch({
      online: () => this.#tell('online'),
      offline: () => this.#tell('offline'),
      visible: () => this.#tell('visible'),
      suspended: () => this.#tell('suspended'),
      unloaded: () => this.#tell('unloaded'),
    })
    this.#tell(this.#hints.isOnline() ? 'online' : 'offline')
  }
}
