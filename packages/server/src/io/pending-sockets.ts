/*
 *   TCP connection --add--> waits for its first request --remove--> a request, an upgrade, its end
 *                                 |
 *                         trim: above a limit, in total or per address, the oldest are closed
 *
 * An attacker can cheaply open TCP connections and send nothing. The oldest are closed, not the newest, because an honest
 * client sends its request at once and leaves this list early.
 */

/** A socket, as far as this class needs it. */
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
  /** Each socket with its address, oldest first. */
  readonly #sockets = new Map<S, string | null>()
  readonly #ofAddress = new Map<string, Set<S>>()
  /** Sockets of the addresses that exceeded their limit when one was added. */
  readonly #crowded = new Set<Set<S>>()

  constructor(options: PendingSocketsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Number of counted addresses. */
  get addressCount(): number {
    return this.#ofAddress.size
  }

  /** Whether {@link trim} may have work. */
  get isCrowded(): boolean {
    return this.#crowded.size > 0 || this.#sockets.size > this.#options.max
  }

  /** Pass null as `address` where nothing is counted per address. */
  add(socket: S, address: string | null): void {
    this.#sockets.set(socket, address)
    if (address === null) return
    const own = this.#ofAddress.get(address) ?? new Set()
    own.add(socket)
    this.#ofAddress.set(address, own)
    if (own.size > this.#options.maxPerAddress) this.#crowded.add(own)
  }

  /** Call it when the socket has sent a request or is closed. */
  remove(socket: S): void {
    const address = this.#sockets.get(socket)
    this.#sockets.delete(socket)
    if (typeof address !== 'string') return
    const own = this.#ofAddress.get(address)
    own?.delete(socket)
    if (own?.size === 0) this.#ofAddress.delete(address)
  }

  /**
   * Closes sockets above the limits. `add` does not do this itself: one turn of the event loop may accept hundreds of
   * connections before it reads the requests that already arrived on them.
   */
  trim(): void {
    const { max, maxPerAddress } = this.#options
    for (const own of this.#crowded) this.#closeOldest(own, maxPerAddress)
    this.#crowded.clear()
    this.#closeOldest(this.#sockets.keys(), max)
  }

  /** Closes all sockets. */
  clear(): void {
    this.#closeOldest(this.#sockets.keys(), 0)
  }

  /** Closes the oldest sockets until `max` are left. */
  #closeOldest(oldestFirst: Iterable<S>, max: number): void {
    const all = [...oldestFirst]
    for (const socket of all.slice(0, Math.max(0, all.length - max))) {
      this.remove(socket)
      socket.destroy()
    }
  }
}
