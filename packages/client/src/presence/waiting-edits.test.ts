import { editOf, type JsonObject, type MetaEdit } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { append, MAX_WAITING_BYTES, mergeAll, mergeOf, type WaitingEdits, waitingOf } from './waiting-edits'

const patch = (fields: JsonObject): MetaEdit => editOf({ kind: 'patch', patch: fields })
const update = (meta: JsonObject): MetaEdit => editOf({ kind: 'update', meta })

/** A patch of one field that counts as so many bytes: braces, name, colon and quotes are eight. */
const patchOf = (bytes: number, name = 'a') => patch({ [name]: 'x'.repeat(bytes - 8) })

function appendAll(...edits: readonly MetaEdit[]): { waiting: WaitingEdits; isFull: boolean } {
  const [first, ...others] = edits as readonly [MetaEdit, ...MetaEdit[]]
  return others.reduce((before, edit) => append(before.waiting, edit), append(null, first))
}

/** Whether the edits were merged when the last was appended, and not only linked. */
const isMerged = ({ newest }: WaitingEdits) => newest.before === null

describe('[C-53] the size of what waits', () => {
  test('is that of its JSON, in bytes and not in letters', () => {
    const fields = { a: { b: 1 }, c: 'é' }
    const textBytes = new TextEncoder().encode(JSON.stringify(fields)).length
    expect(waitingOf(patch(fields)).bytes).toBe(textBytes)
    expect(waitingOf(update(fields)).bytes).toBe(textBytes)
    expect(waitingOf(patch({ é: null })).bytes).toBe(waitingOf(patch({ ee: null })).bytes)
  })

  test('grows by that of each patch, until they are merged', () => {
    const { waiting } = appendAll(patchOf(100), patchOf(50), patchOf(10))
    expect(waiting).toMatchObject({ bytes: 160, mergedBytes: 100 })
    expect(isMerged(waiting)).toBe(false)
  })
})

describe('[C-53] what waits is merged', () => {
  test('not before it has twice the bytes of the last merge, and 4096 more', () => {
    const atLimit = appendAll(patchOf(1000), patchOf(5096))
    expect(atLimit.waiting).toMatchObject({ bytes: 6096, mergedBytes: 1000 })
    expect(isMerged(atLimit.waiting)).toBe(false)
    const beyond = append(atLimit.waiting, patchOf(10))
    expect(beyond).toMatchObject({ isFull: false, waiting: { bytes: 10, mergedBytes: 10 } })
    expect(isMerged(beyond.waiting)).toBe(true)
  })

  test('in the order in which it came', () => {
    const { waiting } = appendAll(patch({ a: 1, b: 1 }), patch({ b: 2, c: 2 }), patch({ c: 3 }))
    expect(mergeOf(waiting)).toEqual(patch({ a: 1, b: 2, c: 3 }))
  })

  test('however many edits there are', () => {
    expect(mergeAll([])).toEqual(patch({}))
    for (let count = 1; count <= 9; count++) {
      const edits = Array.from({ length: count }, (_, i) => patch({ last: i, [`field ${i}`]: i }))
      const fields = Object.fromEntries(edits.map((_, i) => [`field ${i}`, i]))
      expect(mergeAll(edits)).toEqual(patch({ last: count - 1, ...fields }))
    }
  })
})

describe('[C-53] a patch', () => {
  const half = MAX_WAITING_BYTES / 2

  test('has room for as long as all that waits is no larger than the limit when it is merged', () => {
    // Two patches that become one save a pair of braces and need a comma.
    const filling = [patchOf(1000, 'a'), patchOf(MAX_WAITING_BYTES - 1000 + 1, 'b')] as const
    const full = appendAll(...filling)
    expect(full).toMatchObject({ isFull: false, waiting: { bytes: MAX_WAITING_BYTES } })
    expect(isMerged(full.waiting)).toBe(true)
    const over = appendAll(filling[0], patchOf(MAX_WAITING_BYTES - 1000 + 2, 'b'))
    expect(over).toEqual({ isFull: true, waiting: waitingOf(filling[0]) })
  })

  test('that is too much is left out, and what waited stays, merged', () => {
    const waiting = appendAll(patchOf(half, 'a'), patchOf(100, 'b')).waiting
    const { isFull, waiting: after } = append(waiting, patchOf(3 * half, 'c'))
    expect(isFull).toBe(true)
    expect(isMerged(after)).toBe(true)
    expect(mergeOf(after)).toEqual(mergeOf(waiting))
    // A smaller one has room still.
    expect(append(after, patchOf(100, 'd')).isFull).toBe(false)
  })

  test('is refused unseen where what waits is larger than the limit already, and not at the limit', () => {
    const over = waitingOf(patchOf(MAX_WAITING_BYTES + 1))
    expect(append(over, patchOf(10))).toEqual({ waiting: over, isFull: true })
    expect(append(waitingOf(patchOf(MAX_WAITING_BYTES)), patchOf(10)).isFull).toBe(false)
  })

  test('always has room where nothing waits, and so has a whole meta, which replaces what does', () => {
    const large = patchOf(2 * MAX_WAITING_BYTES)
    expect(append(null, large)).toEqual({ waiting: waitingOf(large), isFull: false })
    const whole = update({ name: 'x'.repeat(MAX_WAITING_BYTES) })
    expect(append(waitingOf(large), whole)).toEqual({ waiting: waitingOf(whole), isFull: false })
    expect(append(append(null, whole).waiting, update({}))).toEqual({
      waiting: waitingOf(update({})),
      isFull: false,
    })
  })
})
