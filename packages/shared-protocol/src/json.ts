/** Any value that JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject

/** A JSON object. Read its fields with {@link field}: the names come from strangers. */
export interface JsonObject {
  [name: string]: JsonValue
}

/** What an event or its answer carries: JSON, or bytes where the speaker's dialect has binary frames. */
export type Payload = JsonValue | Uint8Array

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** Asked without `instanceof`: bytes may come from another realm. */
export function isBinary(payload: Payload): payload is Uint8Array {
  return ArrayBuffer.isView(payload)
}

/** The object's own field, or `undefined`: never something inherited, such as `constructor`. (P-10) */
export function field(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
