import type { FullDiff, JsonValue } from '@rollcall/shared-protocol'

/** Bytes that an entry takes beside its key and meta: ref, rev, and the objects around them. */
const ENTRY_BYTES = 96

/** About how many bytes a diff keeps alive. For bounds, not for bills: it counts characters and builds no text. */
export function weighDiff(diff: FullDiff): number {
  let bytes = ENTRY_BYTES
  for (const { key, meta } of diff.joins) bytes += ENTRY_BYTES + key.length + weighJson(meta)
  for (const { meta, previous } of diff.updates)
    bytes += ENTRY_BYTES + weighJson(meta) + weighJson(previous.meta)
  for (const { key, presence } of diff.leaves) bytes += ENTRY_BYTES + key.length + weighJson(presence.meta)
  return bytes
}

/** About the length of a value's JSON text. */
export function weighJson(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 2
  if (Array.isArray(value)) for (const item of value) bytes += 1 + weighJson(item)
  else for (const [name, field] of Object.entries(value)) bytes += 4 + name.length + weighJson(field)
  return bytes
}
