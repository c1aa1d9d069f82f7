/** Any value that JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject

/** A JSON object. Read its fields with {@link field}: the names come from strangers. */
export interface JsonObject {
  [name: string]: JsonValue
}

/** The content of an event or its reply: JSON, or bytes if the dialect has binary frames. */
export type Payload = JsonValue | Uint8Array

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** Does not use `instanceof`, because bytes may come from another realm. */
export function isBinary(payload: Payload): payload is Uint8Array {
  return ArrayBuffer.isView(payload)
}

/** The object's own field, or `undefined`. Never an inherited one, such as `constructor`. (P-10) */
export function field(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bytes as base64 text with padding (RFC 4648, section 4). Written by hand, because some runtimes have no `btoa`. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    text += ALPHABET.charAt(bits >> 18) + ALPHABET.charAt((bits >> 12) & 63)
    text += b === undefined ? '=' : ALPHABET.charAt((bits >> 6) & 63)
    text += c === undefined ? '=' : ALPHABET.charAt(bits & 63)
  }
  return text
}

/** A payload as JSON, for dialects without binary frames: bytes become `{"base64": "…"}`. */
export function textPayload(payload: Payload): JsonValue {
  return isBinary(payload) ? { base64: encodeBase64(payload) } : payload
}
