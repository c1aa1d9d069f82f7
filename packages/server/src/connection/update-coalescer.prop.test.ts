import { type JsonObject, mergePatch } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UpdateCoalescer } from './update-coalescer'

/** As a frame has it: a field called `__proto__` is a field. */
const objectOf = (value: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), value), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries) as JsonObject)
const leaf = fc.constantFrom<unknown>(null, 0, 1, [1])
const object = objectOf(fc.oneof(leaf, objectOf(fc.oneof(leaf, objectOf(leaf)))))
const change = fc.record({ kind: fc.constantFrom('update', 'patch', 'patch', 'patch'), content: object })

type Change = { readonly kind: string; readonly content: JsonObject }
const messageOf = ({ kind, content }: Change, ref: number) => {
  const head = { topic: 'a', ref: String(ref), joinRef: 'j' }
  return kind === 'update'
    ? ({ kind: 'update', ...head, meta: content } as const)
    : ({ kind: 'patch', ...head, patch: content } as const)
}
const applied = (meta: JsonObject, { kind, content }: Change) =>
  kind === 'update' ? content : mergePatch(meta, content)

/** Without the order of fields. */
const canonical = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.entries(json)
        .map(([name, inner]) => [name, canonical(inner)] as const)
        .sort(([left], [right]) => (left < right ? -1 : 1))
    : json

test('[S-36] a coalesced change has the effect of all its messages in order, on any meta', () => {
  let folds = 0
  fc.assert(
    fc.property(object, fc.array(change, { minLength: 1, maxLength: 6 }), (target, changes) => {
      const kept = new UpdateCoalescer({ metaBytes: 10_000, maxBytes: 100_000 })
      let expected = target
      changes.forEach((one, i) => {
        // One that is refused leaves no trace.
        if (kept.add(messageOf(one, i)).kind === 'refused') return
        expected = applied(expected, one)
        if (i > 0) folds++
      })
      const message = kept.shift()
      if (!message) throw new Error('Nothing was kept.')
      const result = message.kind === 'update' ? message.meta : mergePatch(target, message.patch)
      expect(canonical(result)).toEqual(canonical(expected))
    }),
    { numRuns: 2000 },
  )
  expect(folds).toBeGreaterThan(2000)
})

test('[S-51] a coalesced change never exceeds the limit of a meta', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      const kept = new UpdateCoalescer({ metaBytes: 30, maxBytes: 100_000 })
      changes.forEach((one, i) => void kept.add(messageOf(one, i)))
      const message = kept.shift()
      if (message?.kind === 'update') expect(JSON.stringify(message.meta).length).toBeLessThanOrEqual(30)
      if (message?.kind === 'patch') expect(JSON.stringify(message.patch).length).toBeLessThanOrEqual(90)
    }),
    { numRuns: 2000 },
  )
})

test('[S-51] a patch that flattens a full meta counts what the meta becomes', () => {
  const pending = new UpdateCoalescer({ metaBytes: 30, maxBytes: 100_000 })
  pending.add(messageOf({ kind: 'update', content: { a: { a: null, ['__proto__']: 1 } } }, 0))
  pending.add(messageOf({ kind: 'patch', content: { ['__proto__']: [1], b: [1], a: 0 } }, 1))
  const messages = [pending.shift(), pending.shift()]
  for (const message of messages) {
    if (message?.kind === 'update') expect(JSON.stringify(message.meta).length).toBeLessThanOrEqual(30)
  }
})
