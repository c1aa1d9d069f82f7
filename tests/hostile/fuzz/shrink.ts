import type { Frame } from '@rollcall/shared-protocol'

/** Looks at candidates; beyond it, what is left is small enough to read. */
const MAX_TRIES = 2000

/**
 * The input with pieces taken out, large ones first, as long as it still fails. Of a text the pieces are UTF-16 units,
 * so that halves of a pair can stay.
 */
export function shrink(input: Frame, fails: (input: Frame) => boolean): Frame {
  let least = input
  let tries = 0
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length && tries < MAX_TRIES; tries++) {
      const smaller = without(least, at, at + size)
      if (fails(smaller)) least = smaller
      else at += size
    }
  }
  return least
}

function without(input: Frame, from: number, to: number): Frame {
  if (typeof input === 'string') return input.slice(0, from) + input.slice(to)
  return Buffer.concat([input.subarray(0, from), input.subarray(to)])
}
