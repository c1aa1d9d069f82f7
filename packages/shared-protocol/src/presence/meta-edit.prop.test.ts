import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../json'
import {
  applyEdit,
  bytesOfEdit,
  changesOf,
  composeEdits,
  contentOf,
  editOf,
  foldInto,
  growthOf,
  type MetaChange,
  type MetaEdit,
  mergePatch,
  withoutIdleRemovals,
} from './meta-edit'

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', '')
const values = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, 1, 'x', true, [1, null]),
    tie('object'),
  ),
  // fromEntries, because fc.dictionary would set a prototype where the name is __proto__.
  object: fc
    .array(fc.tuple(names, tie('value')), { maxLength: 3 })
    .map((fields) => Object.fromEntries(fields)),
}))

/** What a server holds has no nulls that a patch could have removed; arrays are values as they are. */
const metas = values.object.map((object) => mergePatch({}, object))
const changes: fc.Arbitrary<MetaChange> = fc.oneof(
  metas.map((meta): MetaChange => ({ kind: 'update', meta })),
  values.object.map((patch): MetaChange => ({ kind: 'patch', patch })),
)

/** What a server makes of changes that reach it one by one. */
function applyAll(meta: JsonObject, all: readonly MetaChange[]): JsonObject {
  return all.reduce((held, next) => (next.kind === 'update' ? next.meta : mergePatch(held, next.patch)), meta)
}

const composeAll = (all: readonly MetaChange[]): MetaEdit =>
  all.map((change): MetaEdit => editOf(change)).reduce(composeEdits)

describe('meta edits', () => {
  test('[C-10] any number of changes, sent as one, have the effect of all in their order', () => {
    fc.assert(
      fc.property(metas, fc.array(changes, { minLength: 1, maxLength: 8 }), (meta, all) => {
        const edit = composeAll(all)
        expect(changesOf(edit).length).toBeLessThanOrEqual(2)
        expect(applyAll(meta, changesOf(edit))).toEqual(applyAll(meta, all))
        expect(applyEdit(meta, edit)).toEqual(applyAll(meta, all))
      }),
      { numRuns: 500 },
    )
  })

  test('[C-10] composing two edits changes neither', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 3, maxLength: 6 }), (all) => {
        const edits = all.map(editOf)
        const before = structuredClone(edits)
        for (const edit of edits) edits.reduce<MetaEdit>(composeEdits, edit)
        expect(edits).toEqual(before)
      }),
    )
  })

  test('[S-36, S-51] folding a patch in place equals composing it, and grows the edit by the announced bytes', () => {
    fc.assert(
      fc.property(changes, fc.array(values.object, { minLength: 1, maxLength: 6 }), (first, patches) => {
        const edit = editOf(first)
        for (const patch of patches) {
          const composed = composeEdits(edit, editOf({ kind: 'patch', patch }))
          const growth = growthOf(edit, patch)
          expect(growth === null).toBe(changesOf(composed).length === 2)
          if (growth === null) continue
          const bytes = bytesOfEdit(edit)
          foldInto(edit, editOf({ kind: 'patch', patch }))
          expect(edit).toEqual(composed)
          expect(bytesOfEdit(edit)).toBe(bytes + growth)
          expect(changesOf(edit)).toEqual(
            edit.kind === 'set'
              ? [{ kind: 'update', meta: contentOf(edit) }]
              : [{ kind: 'patch', patch: contentOf(edit) }],
          )
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('sending an edit twice has the effect of sending it once', () => {
    fc.assert(
      fc.property(metas, fc.array(changes, { minLength: 1, maxLength: 5 }), (meta, all) => {
        const edit = composeAll(all)
        expect(applyEdit(applyEdit(meta, edit), edit)).toEqual(applyEdit(meta, edit))
      }),
    )
  })

  test('[C-11] an edit without its idle removals has the same effect on the same meta, and removes nothing from an empty one', () => {
    fc.assert(
      fc.property(metas, fc.array(changes, { minLength: 1, maxLength: 5 }), (meta, all) => {
        const edit = composeAll(all)
        expect(applyEdit(meta, withoutIdleRemovals(edit, meta))).toEqual(applyEdit(meta, edit))
        const [first, ...others] = changesOf(withoutIdleRemovals(edit, {})).slice(-1)
        expect(others).toEqual([])
        if (first?.kind === 'patch') expect(mergePatch({}, first.patch)).toEqual(first.patch)
      }),
      { numRuns: 500 },
    )
  })

  const patch = (value: JsonObject) => editOf({ kind: 'patch', patch: value })

  test('two patches in a row become one patch', () => {
    const [first, second] = [patch({ a: { x: 1 }, b: 1 }), patch({ a: { y: 2 }, b: null })]
    expect(composeEdits(first, second)).toEqual(patch({ a: { x: 1, y: 2 }, b: null }))
  })

  test('a patch without its idle removals is still a patch with the other fields', () => {
    const edit = patch({ gone: null, kept: null, a: { gone: null, x: 1 }, b: { gone: null } })
    expect(withoutIdleRemovals(edit, { kept: 1, a: 'text' })).toEqual(
      patch({ kept: null, a: { x: 1 }, b: {} }),
    )
  })

  test('a deep field that becomes exactly an object is removed first, and its neighbours are not', () => {
    const edit = composeEdits(patch({ a: { x: null }, b: { z: 1 } }), patch({ a: { x: { y: 1 } } }))
    expect(changesOf(edit)).toEqual([
      { kind: 'patch', patch: { a: { x: null } } },
      { kind: 'patch', patch: { a: { x: { y: 1 } }, b: { z: 1 } } },
    ])
  })

  test('a patch of a removed or plain field starts from an empty object', () => {
    for (const before of [null, 7, [1]])
      expect(composeEdits(patch({ a: before }), patch({ a: { x: 1 } }))).toEqual(
        composeEdits(patch({ a: {} }), {
          kind: 'merge',
          fields: new Map([['a', { kind: 'set', fields: new Map([['x', 1]]) }]]),
        }),
      )
  })

  test('one message is enough for most edits', () => {
    expect(changesOf(composeEdits(patch({ typing: true }), patch({ typing: null, status: 'busy' })))).toEqual(
      [{ kind: 'patch', patch: { typing: null, status: 'busy' } }],
    )
    expect(changesOf(composeEdits(editOf({ kind: 'update', meta: { a: 1 } }), patch({ b: 2 })))).toEqual([
      { kind: 'update', meta: { a: 1, b: 2 } },
    ])
    expect(changesOf(composeEdits(patch({ a: null }), patch({ a: { x: 1 } })))).toEqual([
      { kind: 'patch', patch: { a: null } },
      { kind: 'patch', patch: { a: { x: 1 } } },
    ])
  })
})
