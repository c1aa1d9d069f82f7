import type { StoredSession } from '../store'
import { isText, parseJsonObject } from './checked-json'

/** Returns null if the text is not a session as {@link StoredSession} has it. Nobody can resume it then. (S-111) */
export function parseStoredSession(text: string): StoredSession | null {
  const { id, identityId, isGuest, dialect, instance, current, previous } = parseJsonObject(text) ?? {}
  if (!isText(id) || !isText(identityId) || typeof isGuest !== 'boolean' || !isText(dialect)) return null
  if (!isText(current) || !isTextOrNull(instance) || !isTextOrNull(previous)) return null
  return { id, identityId, isGuest, dialect, instance, current, previous }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value)
}
