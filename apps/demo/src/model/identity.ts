import { checkName } from './person-name'

/** The identity of this browser. All tabs share it, so two tabs are one person with two devices. */
export interface Identity {
  /** The presence key; at most 64 bytes. */
  readonly id: string
  readonly name: string
}

/** Reads the stored identity of an earlier visit; `null` if there is none, or if it is malformed. */
export function parseIdentity(text: string | null): Identity | null {
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('id' in value) || !('name' in value)) return null
  if (typeof value.id !== 'string' || !/^[a-z0-9]{8,32}$/.test(value.id) || typeof value.name !== 'string')
    return null
  const checked = checkName(value.name)
  return 'name' in checked ? { id: value.id, name: checked.name } : null
}

/** Makes letters and digits from random bytes. 16 bytes make a unique id. */
export function idFromBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
