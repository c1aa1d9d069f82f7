/*
 *   TCP connection --add--> waits for its first request --remove--> a request, an upgrade, its end
 *                                 |
 *                         trim: of too many, in all or from one address, the oldest are cut off
 *
 * Opening TCP connections and sending nothing costs a stranger next to nothing. The oldest go, not the newest: an honest
 * client sends its request at once, and is out of here before its turn comes.
 */

/** What can be cut off. */
export interface Severable {
  destroy(): unknown
}

export interface PendingSocketsOptions {
  readonly max: number
  readonly maxPerAddress: number
}

/** TCP connections without a whole request. */
export class PendingSockets<S extends Severable> {
  readonly #options: PendingSocketsOptions
  /** Each with its address, oldest first. */
  readonly #sockets = new Map<S, string | null>()
  readonly #ofAddress = new Map<string, Set<S>>()
  /** Those of addresses that had too many when one was added. */
  readonly #crowded = new Set<Set<S>>()

  constructor(options: PendingSocketsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Addresses that are counted. */
  get addressCount(): number {
    return this.#ofAddress.size
  }

  /** Whether there may be some to {@link trim}. */
  get isCrowded(): boolean {
    return this.#crowded.size > 0 || this.#sockets.size > this.#options.max
  }

  /** `address` is null where addresses are not counted. */
  add(socket: S, address: string | null): void {
    this.#sockets.set(socket, address)
    if (address === null) return
    const own = this.#ofAddress.get(address) ?? new Set()
    own.add(socket)
    this.#ofAddress.set(address, own)
    if (own.size > this.#options.maxPerAddress) this.#crowded.add(own)
  }

  /** It has sent a request, or is gone. */
  remove(socket: S): void {
    const address = this.#sockets.get(socket)
    this.#sockets.delete(socket)
    if (typeof address !== 'string') return
    const own = this.#ofAddress.get(address)
    own?.delete(socket)
    if (own?.size === 0) this.#ofAddress.delete(address)
  }

  /**
   * Cuts off those that are too many. Not at once when one is added: a turn of the event loop may accept hundreds of
   * connections before it reads what has long been sent on them.
   */
  trim(): void {
    const { max, maxPerAddress } = this.#options
    for (const own of this.#crowded) this.#cutOff(own, maxPerAddress)
    this.#crowded.clear()
    this.#cutOff(this.#sockets.keys(), max)
  }

  /** Cuts off all of them. */
  clear(): void {
    this.#cutOff(this.#sockets.keys(), 0)
  }

  #cutOff(oldestFirst: Iterable<S>, max: number): void {
    const all = [...oldestFirst]
    for (const socket of all.slice(0, Math.max(0, all.length - max))) {
      this.remove(socket)
      socket.destroy()
    }
  }
}
