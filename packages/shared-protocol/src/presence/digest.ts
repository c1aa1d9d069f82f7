import type { PresenceRef } from '../ids'

/*
 * digest = sum over all presences of mix(fnv1a("ref:rev"))  mod 2^32
 *
 * A sum, so that the order does not matter and a change costs one subtraction and one addition. FNV-1a alone keeps
 * the difference of two similar refs in few bits, and sums of such numbers collide; murmur3's finaliser spreads it.
 * FNV-1a: Fowler, Noll, Vo (RFC 9923). Finaliser: fmix32 of MurmurHash3 (Appleby, public domain).
 */

/** What one presence adds to its topic's digest. Refs are ASCII, so characters are bytes. */
export function digestOfOne(ref: PresenceRef, rev: number): number {
  // In two parts: joined they would have to be copied first.
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

/** Order-free checksum of a topic's `(ref, rev)` set, an unsigned 32-bit number; 0 of none. */
export function digestOf(presences: Iterable<{ readonly ref: PresenceRef; readonly rev: number }>): number {
  let digest = 0
  for (const { ref, rev } of presences) digest = (digest + digestOfOne(ref, rev)) >>> 0
  return digest
}
