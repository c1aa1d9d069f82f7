import type { Channel } from '@rollcall/client'

export interface WitnessContext {
  readonly report: (violation: string) => void
  readonly mayBeGone: (key: string, topic: string, witness: Witness) => boolean
}

/**
 * Listens to one channel's presence as a program does, and keeps a roster from nothing but its events. Whatever
 * differs from the map, or should not have been told, is reported.
 */
export class Witness {
  /** Stays that it has seen. Of others, known to a server that has died since, it can't know that they go on. */
  readonly seen = new Set<number>()
  readonly #name: string
  readonly #channel: Channel<{ n: number }>
  readonly #context: WitnessContext
  readonly #roster = new Map<string, string>()
  readonly #presences = new Set<string>()
  #isListening = true

  constructor(name: string, channel: Channel<{ n: number }>, context: WitnessContext) {
    this.#name = name
    this.#channel = channel
    this.#context = context
    const { presence } = channel
    // A channel that is joined again while it leaves is the same one, and may show its map still.
    for (const entry of presence.list()) {
      this.#roster.set(entry.key, metasOf(entry.presences))
      for (const { ref } of entry.presences) this.#presences.add(ref)
    }
    presence.on('join', ({ key, presences }) => {
      if (this.#roster.has(key)) this.#report(`[C-17] ${key} joined twice`)
      this.#roster.set(key, metasOf(presences))
    })
    presence.on('update', ({ key, presences }, previous) => {
      if (!this.#roster.has(key)) this.#report(`[C-17] ${key} was updated, and is not there`)
      if (presences === previous.presences) this.#report(`[C-17] an update of ${key} that changes nothing`)
      this.#roster.set(key, metasOf(presences))
    })
    presence.on('leave', ({ key }) => {
      if (!this.#roster.delete(key)) this.#report(`[C-17] ${key} left, and was not there`)
      if (!context.mayBeGone(key, channel.topic, this))
        this.#report(`[S-6, C-23] ${key} left within the grace`)
    })
    presence.on('presence_join', ({ ref }) => {
      if (this.#presences.has(ref)) this.#report(`[C-17] the presence ${ref} joined twice`)
      this.#presences.add(ref)
    })
    presence.on('presence_leave', ({ ref }) => {
      if (!this.#presences.delete(ref)) this.#report(`[C-17] the presence ${ref} left, and was not there`)
    })
  }

  /** The roster that the events make is the map. */
  checkShadow(): void {
    const { presence } = this.#channel
    const shown = new Map(presence.list().map(({ key, presences }) => [key, metasOf(presences)]))
    if (!isSame(shown, this.#roster)) {
      this.#report(`[C-17] the events make ${show(this.#roster)}, the map shows ${show(shown)}`)
      // Once is enough: from here on every step would say the same.
      this.#roster.clear()
      for (const [key, metas] of shown) this.#roster.set(key, metas)
    }
  }

  /** Notes who is here, where what it shows is all that there is to see. */
  see(key: string, stays: readonly number[]): void {
    const { presence, status } = this.#channel
    if (status !== 'joined' || presence.isStale) return
    if ((presence.get(key)?.presences.length ?? 0) >= stays.length)
      for (const stay of stays) this.seen.add(stay)
  }

  stop(): void {
    this.#isListening = false
  }

  #report(what: string): void {
    if (!this.#isListening) return
    this.#context.report(`${this.#name} in ${this.#channel.topic}: ${what}`)
  }
}

export function metasOf(presences: readonly { readonly meta: { readonly n: number } }[]): string {
  return presences
    .map(({ meta }) => meta.n)
    .sort((a, b) => a - b)
    .join(',')
}

export function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

export function show(roster: ReadonlyMap<string, string>): string {
  return JSON.stringify(Object.fromEntries([...roster].sort(([a], [b]) => (a < b ? -1 : 1))))
}
