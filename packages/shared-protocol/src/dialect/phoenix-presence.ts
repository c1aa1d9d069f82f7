import type { Key } from '../ids'
import type { JsonObject } from '../json'
import type { FullDiff, Meta, Presence } from '../presence/types'

/*
 * Presence as Phoenix tells it: by key, each meta with the ref that it has now.
 *
 *   presence_state  {key: {metas: [{phx_ref, phx_ref_prev?, ...meta}]}}
 *   presence_diff   {joins: {key: {metas: […]}}, leaves: {key: {metas: […]}}}
 *
 * Its clients tell metas apart by `phx_ref` alone. So an update has to change it: the old one leaves, the new one joins
 * and names the old one in `phx_ref_prev`. Ours is one string of ref and rev, and it is what every node says.
 */

/** What clients know a presence by, at one rev of it. */
export function phxRef({ ref, rev }: Pick<Presence, 'ref' | 'rev'>): string {
  return rev === 0 ? ref : `${ref}.${rev}`
}

/** Of the rev before; null for a presence that was never updated. */
function phxRefBefore({ ref, rev }: Presence): string | null {
  return rev === 0 ? null : phxRef({ ref, rev: rev - 1 })
}

/**
 * Presences as Phoenix programs know a state, for a channel that answers with one itself.
 *
 * @example
 * import { defineChannel, phoenixState } from '@rollcall/server'
 *
 * const room = defineChannel({
 *   topicPattern: 'room:*',
 *   handlers: { presence_list: async (ctx) => phoenixState(await ctx.list()) },
 * })
 */
export function phoenixState(presences: Iterable<Presence>): JsonObject {
  const entries: Entry[] = []
  for (const presence of presences) entries.push(entryOf(presence, phxRefBefore(presence)))
  return byKey(entries)
}

export function phoenixDiff({ joins, updates, leaves }: FullDiff): JsonObject {
  return {
    joins: byKey([
      // Nobody who is told has held an earlier rev of one that joins.
      ...joins.map((presence) => entryOf(presence, null)),
      // What clients hold is `previous`, which may be several revs ago.
      ...updates.map((update) => entryOf(update, phxRef(update.previous))),
    ]),
    leaves: byKey([
      ...leaves.map(({ presence }) => entryOf(presence, phxRefBefore(presence))),
      ...updates.map(({ previous }) => entryOf(previous, phxRefBefore(previous))),
    ]),
  }
}

type Entry = readonly [key: Key, meta: JsonObject]

/** The meta with our refs. One that a client put into its meta never gets out: it would remove another's. (P-17) */
function entryOf(presence: Presence, before: string | null): Entry {
  const { phx_ref: _ref, phx_ref_prev: _prev, ...own }: Meta = presence.meta
  const refs = before === null ? {} : { phx_ref_prev: before }
  return [presence.key, { phx_ref: phxRef(presence), ...refs, ...own }]
}

// `fromEntries` defines its properties, where an assignment to `__proto__` would be lost. (P-10)
function byKey(entries: readonly Entry[]): JsonObject {
  const metas = new Map<Key, JsonObject[]>()
  for (const [key, meta] of entries) {
    const known = metas.get(key)
    if (known) known.push(meta)
    else metas.set(key, [meta])
  }
  return Object.fromEntries([...metas].map(([key, list]) => [key, { metas: list }]))
}
