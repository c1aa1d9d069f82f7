import type { Mirror } from './speech'

/** What a text says of members. */
export interface KeyedNews {
  /** Everybody, in place of whoever was held. */
  readonly all?: readonly string[]
  readonly came?: readonly string[]
  readonly went?: readonly string[]
}

/** Members by key, for the subjects that know no more than that. */
export class KeyedMirror implements Mirror {
  readonly #read: (text: string) => KeyedNews
  readonly #keys = new Set<string>()

  constructor(read: (text: string) => KeyedNews) {
    this.#read = read
  }

  keys(): Iterable<string> {
    return this.#keys
  }

  take(text: string): readonly string[] {
    const { all, came, went } = this.#read(text)
    if (all) this.#keys.clear()
    for (const key of all ?? came ?? []) this.#keys.add(key)
    for (const key of went ?? []) {
      if (!this.#keys.delete(key)) throw new Error(`${key} went without having come.`)
    }
    return all ?? came ?? []
  }
}
