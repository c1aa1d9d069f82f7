import { type Person, type PersonEntry, personOf } from './person'

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true })

/**
 * Keys in the order of the roster: the own key first, then by name. Not by status, because rows would move whenever a
 * person goes away.
 */
export function rosterKeys(entries: readonly PersonEntry[], selfId: string): string[] {
  return entries
    .map(personOf)
    .sort(
      (a, b) => rank(a, selfId) - rank(b, selfId) || byName.compare(a.name, b.name) || (a.id < b.id ? -1 : 1),
    )
    .map((person) => person.id)
}

/** Names of the others who are typing, in the roster's order. */
export function typingNames(entries: readonly PersonEntry[], selfId: string): string[] {
  return entries
    .map(personOf)
    .filter((person) => person.isTyping && person.id !== selfId)
    .map((person) => person.name)
    .sort(byName.compare)
}

export function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index])
}

function rank(person: Person, selfId: string): number {
  return person.id === selfId ? 0 : 1
}
