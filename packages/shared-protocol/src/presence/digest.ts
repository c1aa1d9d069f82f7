import type { PresenceRef } from '../ids'

/*
 * digest = sum over all presences of mix(fnv1a("ref:rev"))  mod 2^32
 *
 * A sum does not depend on the order, and a change costs one subtraction and one addition. Under FNV-1a alone, similar refs
 * differ in few bits, and such sums collide; murmur3's finaliser spreads the difference.
 * FNV-1a: Fowler, Noll, Vo (RFC 9923). Finaliser: fmix32 of MurmurHash3 (Appleby, public domain).
 */

/** The digest of one presence, which its topic's digest adds up. Refs are ASCII, so characters are bytes. */
export function digestOfOne(ref: PresenceRef, rev: number): number {
  // In two parts, because joining them would copy both texts.
  let hash = fnv1a(fnv1a(0x811c9dc5, ref), `:${rev}`)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function fnv1a(start: number, text: string): number {
  let hash = start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** Checksum of a topic's set of `(ref, rev)` in any order: an unsigned 32-bit number, 0 for an empty set. */
export function digestOf(presences: Iterable<{ readonly ref: PresenceRef; readonly rev: number }>): number {
  let digest = 0
  for (const { ref, rev } of presences) digest = (digest + digestOfOne(ref, rev)) >>> 0
  return digest
}
