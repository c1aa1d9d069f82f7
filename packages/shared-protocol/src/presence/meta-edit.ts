import { field, isJsonObject, type JsonObject, type JsonValue } from '../json'
import { utf8Bytes } from '../utf8'
import type { Meta } from './presence'

/*
 *   update({name: 'Ada'})  set    name -> 'Ada'           exactly these fields
 *   patch({a: null})       merge  a -> null               removes `a`
 *   then patch({a: {x: 1}})
 *                          merge  a -> set x -> 1         exactly {x: 1}, whatever `a` was
 *   patch({b: {y: 2}})     merge  b -> merge y -> 2
 *
 * An edit says what a meta shall become. Two edits, one after the other, always make one edit again. Two merge patches
 * (RFC 7396) do not always make one patch: no patch can say "exactly {x: 1}" of a field that may hold an object.
 *
 * The client composes the changes that wait for their turn (C-10, C-53). The server folds the changes of a client that
 * sends too fast into one (S-36, S-51).
 */

/** A change of a meta, as a message on the wire can say it. */
export type MetaChange =
  | { readonly kind: 'update'; readonly meta: Meta }
  | { readonly kind: 'patch'; readonly patch: JsonObject }

/** `set` replaces an object with exactly these fields. `merge` changes these fields, removes those that are null, and leaves all others. */
export interface MetaEdit {
  readonly kind: 'set' | 'merge'
  /** Map and not an object, so that a field called `__proto__` is a field. (P-10) */
  readonly fields: ReadonlyMap<string, EditedValue>
}

/** An object is always an edit of its own; arrays and plain values replace what was there. */
type EditedValue = Exclude<JsonValue, JsonObject> | MetaEdit

/** An edit that `foldInto` may change, because nobody else holds it. */
export interface GrowingEdit extends MetaEdit {
  readonly fields: Map<string, EditedValue>
}

/** JSON merge patch (RFC 7396) on an object: fields of the patch replace, `null` removes, objects merge. Copies. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue>(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else if (isJsonObject(value)) {
      const before = merged.get(name)
      merged.set(name, mergePatch(isJsonObject(before) ? before : {}, value))
    } else merged.set(name, value)
  }
  // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
  return Object.fromEntries(merged)
}

/** The edit of one change. The caller owns it. */
export function editOf(change: MetaChange): GrowingEdit {
  return change.kind === 'update' ? objectEdit('set', change.meta) : objectEdit('merge', change.patch)
}

/** The edit with the effect of `first`, then `second`. Changes neither. */
export function composeEdits(first: MetaEdit, second: MetaEdit): MetaEdit {
  if (second.kind === 'set') return second
  const composed = copyOf(first)
  foldInto(composed, second)
  return composed
}

/**
 * Adds a later `merge` edit to one that the caller owns, in time that grows with the later edit alone. Parts of `later`
 * become parts of `edit`, so do not fold anything into `later` afterwards.
 */
export function foldInto(edit: GrowingEdit, later: MetaEdit): void {
  for (const [name, value] of later.fields) {
    const before = edit.fields.get(name)
    if (value === null && edit.kind === 'set') edit.fields.delete(name)
    else if (!isEdit(value) || value.kind === 'set') edit.fields.set(name, value)
    else if (isEdit(before)) foldInto(before as GrowingEdit, value)
    // A merge into nothing known stays a merge; a merge into a plain value, or into exactly nothing, makes an object.
    else if (before === undefined && edit.kind === 'merge') edit.fields.set(name, value)
    else {
      const made: GrowingEdit = { kind: 'set', fields: new Map() }
      foldInto(made, value)
      edit.fields.set(name, made)
    }
  }
}

/**
 * By how many bytes the edit grows when `patch` is folded into it. Null where one message could not carry the result:
 * it would remove a field and then put parts into it.
 */
export function growthOf(edit: MetaEdit, patch: JsonObject): number | null {
  const countBefore = edit.fields.size
  let count = countBefore
  let growth = 0
  for (const [name, value] of Object.entries(patch)) {
    const before = edit.fields.get(name)
    const isKept = value !== null || edit.kind === 'merge'
    if ((before !== undefined) !== isKept) count += isKept ? 1 : -1
    if (isJsonObject(value)) {
      if (before !== undefined && !isEdit(before) && edit.kind === 'merge') return null
      const into = isEdit(before) ? before : objectEdit(edit.kind, {})
      const inner = growthOf(into, value)
      if (inner === null) return null
      growth += inner
      if (into === before) continue
      growth += fieldBytes(name, into)
    } else if (isKept) growth += fieldBytes(name, value)
    if (before !== undefined) growth -= fieldBytes(name, before)
  }
  return growth + bracesOf(count) - bracesOf(countBefore)
}

/** Bytes of the meta or patch as JSON. */
export function bytesOfEdit(edit: MetaEdit): number {
  let bytes = bracesOf(edit.fields.size)
  for (const [name, value] of edit.fields) bytes += fieldBytes(name, value)
  return bytes
}

/** The edit as the wire says it: an update, a patch, or a patch that removes fields and a second one that fills them. */
export function changesOf(edit: MetaEdit): readonly MetaChange[] {
  const content = contentOf(edit)
  if (edit.kind === 'set') return [{ kind: 'update', meta: content }]
  const removals = removalsOf(edit)
  const patch: MetaChange = { kind: 'patch', patch: content }
  return removals ? [{ kind: 'patch', patch: removals }, patch] : [patch]
}

/** The meta of an update, or the patch. */
export function contentOf(edit: MetaEdit): JsonObject {
  return Object.fromEntries(
    Array.from(edit.fields, ([name, value]) => [name, isEdit(value) ? contentOf(value) : value]),
  )
}

/** What the edit makes of a meta. */
export function applyEdit(meta: Meta, edit: MetaEdit): Meta {
  return changesOf(edit).reduce<Meta>(
    (current, change) => (change.kind === 'update' ? change.meta : mergePatch(current, change.patch)),
    meta,
  )
}

/** The edit without the removals that change nothing about `base`, because it has no such field. */
export function withoutIdleRemovals(edit: MetaEdit, base: JsonObject): MetaEdit {
  if (edit.kind === 'set') return edit
  const fields = new Map<string, EditedValue>()
  for (const [name, value] of edit.fields) {
    const before = field(base, name)
    if (isEdit(value)) fields.set(name, withoutIdleRemovals(value, isJsonObject(before) ? before : {}))
    else if (value !== null || before !== undefined) fields.set(name, value)
  }
  return { kind: 'merge', fields }
}

function objectEdit(kind: MetaEdit['kind'], object: JsonObject): GrowingEdit {
  const fields = new Map<string, EditedValue>()
  for (const [name, value] of Object.entries(object))
    fields.set(name, isJsonObject(value) ? objectEdit(kind, value) : value)
  return { kind, fields }
}

function copyOf({ kind, fields }: MetaEdit): GrowingEdit {
  const copied = new Map<string, EditedValue>()
  for (const [name, value] of fields) copied.set(name, isEdit(value) ? copyOf(value) : value)
  return { kind, fields: copied }
}

function isEdit(value: EditedValue | undefined): value is MetaEdit {
  return isJsonObject(value)
}

/** Bytes of an object without its fields: two braces, less the comma that the last field does not have. */
function bracesOf(fieldCount: number): number {
  return fieldCount === 0 ? 2 : 1
}

/** Bytes of a field in an object: name, colon, value and comma. */
function fieldBytes(name: string, value: EditedValue): number {
  const valueBytes = isEdit(value) ? bytesOfEdit(value) : utf8Bytes(JSON.stringify(value))
  return utf8Bytes(JSON.stringify(name)) + 2 + valueBytes
}

/** A patch that removes every field which shall become exactly an object; null where there is none. */
function removalsOf(edit: MetaEdit): JsonObject | null {
  const removals = new Map<string, JsonValue>()
  for (const [name, value] of edit.fields) {
    if (!isEdit(value)) continue
    const inner = value.kind === 'set' ? null : removalsOf(value)
    if (inner || value.kind === 'set') removals.set(name, inner)
  }
  return removals.size === 0 ? null : Object.fromEntries(removals)
}
