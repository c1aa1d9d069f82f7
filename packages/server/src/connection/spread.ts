import { digestOfOne } from '@rollcall/shared-protocol'

/**
 * When to do each of `count` things so that they are spread evenly over `overMs`: milliseconds from now, in order. Within
 * its share of the time each has a place by chance, so that several nodes that do this at once do not keep step.
 */
export function spread(count: number, overMs: number, chance: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + chance()) * overMs) / count)
}

/** A number from 0 up to, and without, 1 that an id of chance comes to. */
export function fractionOf(id: string): number {
  return digestOfOne(id, 0) / 2 ** 32
}
