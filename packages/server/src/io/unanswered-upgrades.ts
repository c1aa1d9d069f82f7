import type { Duplex } from 'node:stream'
import type { Clock } from './clock'
import { PendingSockets, type Severable } from './pending-sockets'

/*
 *   upgrade of another path --watch--> waits for another listener --it writes--> that listener owns it
 *                                          |
 *          timeoutMs, above a limit (in total or per address), or close(): the socket is closed
 *
 * Node passes each upgrade to every listener and never checks whether one of them answered. Without this watch, an upgrade
 * of an unknown path would hold its socket indefinitely. (S-46)
 */

export interface UnansweredUpgradesOptions {
  readonly clock: Clock
  /** Milliseconds in which another listener must answer. */
  readonly timeoutMs: number
  readonly max: number
  readonly maxPerAddress: number
}

/** Watches the sockets whose upgrades are left to other listeners of an HTTP server. */
export class UnansweredUpgrades {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #pending: PendingSockets<Severable>
  #isClosed = false

  constructor({ clock, timeoutMs, max, maxPerAddress }: UnansweredUpgradesOptions) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#pending = new PendingSockets({ max, maxPerAddress })
  }

  /** Number of watched sockets. */
  get size(): number {
    return this.#pending.size
  }

  /** Pass the bytes that were written when the upgrade came, and null as `address` where nothing is counted per address. */
  watch(socket: Duplex, writtenBytes: number, address: string | null): void {
    // Most listeners answer within the turn, and their sockets are then never counted.
    this.#clock.soon(() => {
      if (isAnswered(socket, writtenBytes)) return
      if (this.#isClosed) return void socket.destroy()
      const timer = this.#clock.after(this.#timeoutMs, () => {
        this.#pending.remove(entry)
        entry.destroy()
      })
      const entry: Severable = {
        destroy: () => {
          timer.cancel()
          if (!isAnswered(socket, writtenBytes)) socket.destroy()
        },
      }
      socket.once('close', () => {
        timer.cancel()
        this.#pending.remove(entry)
      })
      this.#pending.add(entry, address)
      if (this.#pending.isCrowded) this.#pending.trim()
    })
  }

  /**
   * Stops watching and closes all unanswered sockets. If they stayed open, nobody would end them, and the HTTP server could
   * not close. (S-93)
   */
  close(): void {
    this.#isClosed = true
    this.#pending.clear()
  }
}

/** Whether anyone has written to the socket or ended it since `writtenBytes`. */
export function isAnswered(socket: Duplex, writtenBytes: number): boolean {
  return socket.destroyed || socket.writableEnded || bytesWrittenTo(socket) !== writtenBytes
}

/** Bytes written to a socket so far, including responses to earlier requests. */
export function bytesWrittenTo(socket: Duplex & { readonly bytesWritten?: number }): number {
  return socket.bytesWritten ?? 0
}
