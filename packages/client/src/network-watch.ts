import type { NetworkHintListener, NetworkHints } from './io/network-hints'

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
