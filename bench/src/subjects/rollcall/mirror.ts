import { digestOfOne, type FullDiff, type Presence, type PresenceSnapshot } from '@rollcall/shared-protocol'
import type { Mirror } from '../speech'

/** Where a map stands in its topic's history. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Presences by ref. Holds the server to the laws: no gap between diffs, and the digest that it says. */
export class RollcallMirror implements Mirror {
  readonly #presences = new Map<string, { readonly key: string; rev: number }>()
  #position: Position | undefined
  #digest = 0

  get position(): Position | undefined {
    return this.#position
  }

  *keys(): Iterable<string> {
    for (const { key } of this.#presences.values()) yield key
  }

  take(text: string): readonly string[] {
    const [, , , event, payload] = JSON.parse(text)
    if (event === 'presence_state') return this.#replace(payload)
    if (event === 'presence_diff') return this.#apply(payload)
    return []
  }

  #replace({ epoch, seq, digest, presences }: PresenceSnapshot): readonly string[] {
    this.#presences.clear()
    this.#digest = 0
    for (const presence of presences) this.#put(presence)
    this.#position = { epoch, seq }
    this.#check(digest)
    return presences.map(({ key }) => key)
  }

  #apply({ epoch, base, seq, digest, joins, updates, leaves }: FullDiff): readonly string[] {
    const held = this.#position
    if (!held) throw new Error('A diff came before any snapshot.')
    if (held.epoch !== epoch || held.seq !== base) {
      throw new Error(`A diff from ${epoch}/${base} came to a map at ${held.epoch}/${held.seq}.`)
    }
    for (const presence of joins) this.#put(presence)
    for (const { ref, rev } of updates) {
      const known = this.#presences.get(ref)
      if (known) this.#put({ ref, rev, key: known.key })
    }
    for (const { ref } of leaves) this.#drop(ref)
    this.#position = { epoch, seq }
    this.#check(digest)
    return joins.map(({ key }) => key)
  }

  #put({ ref, key, rev }: Pick<Presence, 'ref' | 'key' | 'rev'>): void {
    this.#drop(ref)
    this.#presences.set(ref, { key, rev })
    this.#digest = (this.#digest + digestOfOne(ref, rev)) >>> 0
  }

  #drop(ref: string): void {
    const held = this.#presences.get(ref)
    if (!held) return
    this.#presences.delete(ref)
    this.#digest = (this.#digest - digestOfOne(ref, held.rev)) >>> 0
  }

  #check(digest: number): void {
    if (this.#digest !== digest) throw new Error(`The map's digest is ${this.#digest}, and not ${digest}.`)
  }
}
