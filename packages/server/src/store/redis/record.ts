import { digestOfOne, type Presence } from '@rollcall/shared-protocol'
import type { PutChange } from '../store'
import { isPresence, parseJsonObject, parseJsonText } from './checked-json'

/*
 *   rev : hash : node : owner's length : key's length : owner key meta
 *
 * A presence as Redis stores it. Scripts split it without parsing JSON, so that a meta comes back unchanged. Owner and key
 * are JSON strings in ASCII, so that a length counts characters in JavaScript and bytes in Lua.
 */

/** A presence as its node keeps it, ready to send. The strings are JSON. */
export interface OwnRecord {
  readonly ref: string
  readonly rev: number
  /** Its share of the topic's digest. */
  readonly hash: number
  readonly owner: string
  readonly key: string
  readonly meta: string
}

/** A presence as Redis has it. `node` holds it. */
export interface HeldRecord extends OwnRecord {
  readonly node: string
}

export function ownRecord({ ref, rev, owner, key, meta }: PutChange): OwnRecord {
  return {
    ref: asciiJson(ref),
    rev,
    hash: digestOfOne(ref, rev),
    owner: asciiJson(owner),
    key: asciiJson(key),
    meta: JSON.stringify(meta),
  }
}

export function recordArgs({ ref, rev, hash, owner, key, meta }: OwnRecord): string[] {
  return [ref, String(rev), String(hash), owner, key, meta]
}

/** Returns null if a part of the record is not JSON of its kind. */
export function presenceOf({ ref, rev, key, meta }: OwnRecord): Presence | null {
  const presence = { ref: parseJsonText(ref), key: parseJsonText(key), meta: parseJsonObject(meta), rev }
  return isPresence(presence) ? presence : null
}

/** Returns null if the text is not a record of ours. */
export function parseRecord(ref: string, text: string): HeldRecord | null {
  const match = /^(\d+):(\d+):(\w*):(\d+):(\d+):/.exec(text)
  if (!match) return null
  const [head, rev, hash, node, ownerLength, keyLength] = match as unknown as [string, ...string[]]
  const keyAt = head.length + Number(ownerLength)
  const metaAt = keyAt + Number(keyLength)
  return {
    ref,
    rev: Number(rev),
    hash: Number(hash),
    node: node as string,
    owner: text.slice(head.length, keyAt),
    key: text.slice(keyAt, metaAt),
    meta: text.slice(metaAt),
  }
}

/** The inverse of `parts` in scripts/topic.ts. The scripts' `record` builds the same text. */
export function formatRecord({ rev, hash, node, owner, key, meta }: HeldRecord): string {
  return `${rev}:${hash}:${node}:${owner.length}:${key.length}:${owner}${key}${meta}`
}

/** The JSON of a string in ASCII, so that it has as many bytes as characters. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
