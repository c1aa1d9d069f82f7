import type { Chance } from './chance'
import { anyNumber, anyText, anyValue } from './json-text'

/*
 * What was nearly right, made wrong in one to three places.
 */

/** Another text. `other` makes a text of the same kind, whose end may be sewn on. */
export function mutateText(chance: Chance, text: string, other: () => string): string {
  let mutated = text
  for (let rounds = 1 + chance.below(3); rounds > 0; rounds--) mutated = once(chance, mutated, other)
  return mutated
}

function once(chance: Chance, text: string, other: () => string): string {
  const at = chance.below(text.length + 1)
  const to = Math.min(text.length, at + 1 + chance.below(8))
  const [before, after] = [text.slice(0, at), text.slice(at)]
  return chance.weighted<() => string>([
    [4, () => before],
    [
      4,
      () =>
        before + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << chance.below(16))) + after.slice(1),
    ],
    [3, () => before + text.slice(to)],
    [3, () => before + anyText(chance) + after],
    [3, () => before + anyValue(chance) + after],
    [
      3,
      () => before + chance.pick(['{', '}', '[', ']', ',', ':', '"', '\\', '\0', '\ud800', '\ufeff']) + after,
    ],
    [3, () => before + other().slice(chance.below(40))],
    [2, () => before + text.slice(at, to).repeat(1 + chance.length()) + text.slice(to)],
    [2, () => text.replace(/-?\d+/, () => anyNumber(chance))],
    [1, () => text.replace(/"[^"]*"/, () => JSON.stringify('x'.repeat(chance.pick([300, 5000, 70_000]))))],
    [1, () => after + before],
    [1, () => text + text],
  ])()
}

/** Other bytes, never in place. */
export function mutateBytes(chance: Chance, bytes: Buffer): Buffer {
  let mutated: Buffer = Buffer.from(bytes)
  for (let rounds = 1 + chance.below(3); rounds > 0; rounds--) {
    const at = chance.below(mutated.length + 1)
    const to = Math.min(mutated.length, at + 1 + chance.below(8))
    mutated = chance.weighted<() => Buffer>([
      [5, () => flipped(mutated, at, 1 << chance.below(8))],
      [3, () => mutated.subarray(0, at)],
      [
        2,
        () => Buffer.concat([mutated.subarray(0, at), chance.bytes(chance.below(9)), mutated.subarray(at)]),
      ],
      [2, () => Buffer.concat([mutated.subarray(0, at), mutated.subarray(to)])],
      [1, () => Buffer.concat([mutated, mutated])],
      [1, () => flipped(mutated, at, 0xff)],
    ])()
  }
  return Buffer.from(mutated)
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const byte = bytes[at]
  if (byte !== undefined) bytes[at] = byte ^ mask
  return bytes
}
