import type { Dialect, Position, Topic } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'

/** Smaller states are encoded quickly and not kept. */
const MIN_CHARS = 16_384
/** Milliseconds after its last use until a state is dropped. */
const KEEP_MS = 1000
/** Maximum bytes of one node's kept states, approximately: two dialects of a room of 100,000. */
const MAX_BYTES = 67_108_864
/** A kept state has its text, its bytes and its compressed bytes. */
const BYTES_PER_CHAR = 3

interface RecentState {
  /** The topic's position. Each change of a topic creates a new object. */
  readonly at: Position
  readonly packet: Packet
  readonly bytes: number
  readonly usedMs: number
}

/**
 * The latest large state of each topic and dialect on this node, kept while it is used and the topic does not change: a
 * room of 20,000 takes about 20 ms to encode and compress. (S-100)
 */
export class RecentStates {
  readonly #clock: Pick<Clock, 'now' | 'after'>
  /** The least recently used state comes first. */
  readonly #states = new Map<string, RecentState>()
  #bytes = 0
  #timer: Timer | null = null

  constructor(clock: Pick<Clock, 'now' | 'after'>) {
    this.#clock = clock
  }

  /** Approximate bytes of all kept states. */
  get bytes(): number {
    return this.#bytes
  }

  /** Returns the state at a position. `at` must be the same object that was passed to {@link keep}. */
  get(topic: Topic, dialect: Dialect, at: Position): Packet | null {
    const name = nameOf(topic, dialect)
    const kept = this.#states.get(name)
    if (kept?.at !== at) return null
    this.#states.delete(name)
    this.#states.set(name, { ...kept, usedMs: this.#clock.now() })
    return kept.packet
  }

  /** Replaces the kept state of that topic and dialect. */
  keep(topic: Topic, dialect: Dialect, at: Position, packet: Packet): void {
    const name = nameOf(topic, dialect)
    this.#drop(name)
    const chars = packet.frames.reduce((sum, frame) => sum + frame.length, 0)
    const bytes = chars * BYTES_PER_CHAR
    if (chars < MIN_CHARS || bytes > MAX_BYTES) return
    this.#states.set(name, { at, packet, bytes, usedMs: this.#clock.now() })
    this.#bytes += bytes
    for (const oldest of this.#states.keys()) {
      if (this.#bytes <= MAX_BYTES) break
      this.#drop(oldest)
    }
    this.#timer ??= this.#clock.after(KEEP_MS, () => this.#expire())
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#states.clear()
    this.#bytes = 0
  }

  #expire(): void {
    this.#timer = null
    const nowMs = this.#clock.now()
    for (const [name, { usedMs }] of this.#states) {
      const leftMs = usedMs + KEEP_MS - nowMs
      if (leftMs > 0) {
        this.#timer = this.#clock.after(leftMs, () => this.#expire())
        return
      }
      this.#drop(name)
    }
  }

  #drop(name: string): void {
    const kept = this.#states.get(name)
    if (!kept) return
    this.#states.delete(name)
    this.#bytes -= kept.bytes
  }
}

function nameOf(topic: Topic, { name }: Dialect): string {
  return `${name} ${topic}`
}
