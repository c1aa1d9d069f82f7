import { isJsonObject, type JsonObject, type JsonValue } from '../json'

/** JSON merge patch (RFC 7396) on an object: fields of the patch replace, `null` removes, objects merge. Copies. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue>(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else if (isJsonObject(value)) {
      const before = merged.get(name)
      merged.set(name, mergePatch(isJsonObject(before) ? before : {}, value))
    } else merged.set(name, value)
  }
  // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
  return Object.fromEntries(merged)
}
