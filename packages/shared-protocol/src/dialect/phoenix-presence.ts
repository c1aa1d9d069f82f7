import type { Key } from '../ids'
import { field, isJsonObject, type JsonObject, type JsonValue } from '../json'
import type { FullDiff, Meta, PhoenixMeta, Presence } from '../presence/presence'

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

/*
 * Presence of a real Phoenix server, read: {key: {metas: [{phx_ref, phx_ref_prev?, ...meta}], ...}}. What stands beside
 * `metas` is of the server's `Presence.fetch/2`, of one key and no presence, and is let fall.
 */

/** Null where it is not of this shape: half a state is worse than none. */
export function readPhoenixState(body: JsonObject): readonly PhoenixMeta[] | null {
  const metas: PhoenixMeta[] = []
  for (const [key, entry] of Object.entries(body)) {
    const list = isJsonObject(entry) ? field(entry, 'metas') : undefined
    if (!Array.isArray(list)) return null
    for (const item of list) {
      if (!isJsonObject(item)) return null
      metas.push(readMeta(key, item))
    }
  }
  return metas
}

export function readPhoenixDiff(
  body: JsonObject,
): { readonly joins: readonly PhoenixMeta[]; readonly leaves: readonly PhoenixMeta[] } | null {
  const [joins, leaves] = [field(body, 'joins'), field(body, 'leaves')]
  if (!isJsonObject(joins) || !isJsonObject(leaves)) return null
  const [came, went] = [readPhoenixState(joins), readPhoenixState(leaves)]
  return came && went && { joins: came, leaves: went }
}

function readMeta(key: Key, item: JsonObject): PhoenixMeta {
  const { phx_ref: ref, phx_ref_prev: prev, ...meta } = item
  return { key, phxRef: refText(ref), phxRefPrev: prev === undefined ? null : refText(prev), meta }
}

/**
 * Phoenix lets clients forge `phx_ref` in their meta, as anything. One that is no text must not cost everybody the
 * whole frame.
 */
function refText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
