import {
  isJsonObject,
  type JsonObject,
  LEAVE_REASONS,
  type LeaveReason,
  type Presence,
  type PresenceLeave,
  type PresenceUpdate,
} from '@rollcall/shared-protocol'

/*
 * Checks of JSON that comes from Redis. Another version of the server, another program or an operator may have written it,
 * so no reader may rely on its shape. (S-110)
 */

/** Returns null if the text is not a JSON object. */
export function parseJsonObject(text: string): JsonObject | null {
  const value = parseJson(text)
  return isJsonObject(value) ? value : null
}

/** Returns null if the text is not a JSON string. */
export function parseJsonText(text: string): string | null {
  const value = parseJson(text)
  return isText(value) ? value : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** A whole number from 0 that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isOne)
}

export function isLeaveReason(value: unknown): value is LeaveReason {
  return LEAVE_REASONS.some((reason) => reason === value)
}

export function isPresence(value: unknown): value is Presence {
  return isUpdate(value) && isText((value as { key?: unknown }).key)
}

export function isUpdate(value: unknown): value is PresenceUpdate {
  return isJsonObject(value) && isText(value.ref) && isCount(value.rev) && isJsonObject(value.meta)
}

export function isLeave(value: unknown): value is PresenceLeave {
  return isJsonObject(value) && isText(value.ref) && isText(value.key) && isLeaveReason(value.reason)
}
