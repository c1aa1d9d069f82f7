import type { Key } from '../ids'
import { field, isJsonObject, type JsonObject, type JsonValue } from '../json'
import type { FullDiff, Meta, PhoenixMeta, Presence } from '../presence/presence'

/*
 * Presence in Phoenix's form: by key, each meta with its current ref.
 *
 *   presence_state  {key: {metas: [{phx_ref, phx_ref_prev?, ...meta}]}}
 *   presence_diff   {joins: {key: {metas: […]}}, leaves: {key: {metas: […]}}}
 *
 * Phoenix clients identify a meta by its `phx_ref` alone, so an update has to change it: the old one leaves, and the new
 * one joins and names the old one in `phx_ref_prev`. We build it from ref and rev, so that it is equal on every node.
 */

/** The `phx_ref` of a presence at its current rev. */
export function phxRef({ ref, rev }: Pick<Presence, 'ref' | 'rev'>): string {
  return rev === 0 ? ref : `${ref}.${rev}`
}

/** The `phx_ref` of the previous rev; null for a presence without updates. */
function phxRefBefore({ ref, rev }: Presence): string | null {
  return rev === 0 ? null : phxRef({ ref, rev: rev - 1 })
}

/**
 * A state in Phoenix's form, for a channel that replies with one itself.
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
      // No receiver has an earlier rev of a presence that joins.
      ...joins.map((presence) => entryOf(presence, null)),
      // Clients hold `previous`, which may be several revs old.
      ...updates.map((update) => entryOf(update, phxRef(update.previous))),
    ]),
    leaves: byKey([
      ...leaves.map(({ presence }) => entryOf(presence, phxRefBefore(presence))),
      ...updates.map(({ previous }) => entryOf(previous, phxRefBefore(previous))),
    ]),
  }
}

type Entry = readonly [key: Key, meta: JsonObject]

/** The meta with our refs. Drops refs that a client put into its meta, which would remove another's presence. (P-17) */
function entryOf(presence: Presence, before: string | null): Entry {
  const { phx_ref: _ref, phx_ref_prev: _prev, ...own }: Meta = presence.meta
  const refs = before === null ? {} : { phx_ref_prev: before }
  return [presence.key, { phx_ref: phxRef(presence), ...refs, ...own }]
}

// `fromEntries` defines its properties; an assignment to `__proto__` would be lost. (P-10)
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
 * Reads presence of a real Phoenix server: {key: {metas: [{phx_ref, phx_ref_prev?, ...meta}], ...}}. Fields beside
 * `metas` come from the server's `Presence.fetch/2`. They belong to a key and to no presence, and are ignored.
 */

/** Null if any part has another shape: half a state is worse than none. */
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
 * Phoenix lets a client put any `phx_ref` into its meta. A value that is not text must not make the whole frame
 * unreadable for everyone.
 */
function refText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
