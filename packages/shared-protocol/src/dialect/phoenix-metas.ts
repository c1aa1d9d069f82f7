import type { Key } from '../ids'
import { field, isJsonObject, type JsonObject, type JsonValue } from '../json'
import type { PhoenixMeta } from '../presence/types'

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
