import {
  field,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Meta,
  mergePatch,
} from '@rollcall/shared-protocol'

/*
 *   update(meta)      set    {name: "Ada"}
 *   patch({a: null})  merge  a -> set null
 *   then patch({a: {x: 1}})
 *                     merge  a -> set {x: 1}        exactly that, whatever `a` was
 *   patch({b: {y: 2}}) alone
 *                     merge  b -> merge  y -> set 2
 *
 * What somebody wants a meta to become, so that any two, one after the other, make one again. Merge patches
 * (RFC 7396) do not: none of them says "exactly {x: 1}" of a field that may hold an object.
 */

export type MetaEdit =
  /** Null removes a field. */
  | { readonly kind: 'set'; readonly value: JsonValue }
  | { readonly kind: 'merge'; readonly fields: ReadonlyMap<string, MetaEdit> }

/** A change as the wire can say it. */
export type MetaChange =
  | { readonly kind: 'update'; readonly meta: Meta }
  | { readonly kind: 'patch'; readonly patch: JsonObject }

export function editOf(change: MetaChange): MetaEdit {
  return change.kind === 'update' ? { kind: 'set', value: change.meta } : mergeOf(change.patch)
}

/** The edit with the effect of `first`, then `second`. */
export function composeEdits(first: MetaEdit, second: MetaEdit): MetaEdit {
  if (second.kind === 'set') return second
  if (first.kind === 'set') {
    const base = isJsonObject(first.value) ? first.value : {}
    return { kind: 'set', value: applyEdit(base, second) }
  }
  const fields = new Map(first.fields)
  for (const [name, edit] of second.fields) {
    const before = fields.get(name)
    fields.set(name, before ? composeEdits(before, edit) : edit)
  }
  return { kind: 'merge', fields }
}

/** The edit as the wire says it: an update, a patch, or a patch that clears the ground for a second one. */
export function changesOf(edit: MetaEdit): readonly MetaChange[] {
  if (edit.kind === 'set') return [{ kind: 'update', meta: isJsonObject(edit.value) ? edit.value : {} }]
  const patch: MetaChange = { kind: 'patch', patch: patchOf(edit.fields) }
  const clearing = clearingOf(edit.fields)
  return clearing ? [{ kind: 'patch', patch: clearing }, patch] : [patch]
}

export function applyEdit(meta: Meta, edit: MetaEdit): Meta {
  return changesOf(edit).reduce<Meta>(
    (current, change) => (change.kind === 'update' ? change.meta : mergePatch(current, change.patch)),
    meta,
  )
}

/** The edit without the removals that change nothing about `base`, as it has no such field. */
export function withoutIdleRemovals(edit: MetaEdit, base: JsonObject): MetaEdit {
  if (edit.kind === 'set') return edit
  const fields = new Map<string, MetaEdit>()
  for (const [name, inner] of edit.fields) {
    const before = field(base, name)
    if (inner.kind === 'merge')
      fields.set(name, withoutIdleRemovals(inner, isJsonObject(before) ? before : {}))
    else if (inner.value !== null || before !== undefined) fields.set(name, inner)
  }
  return { kind: 'merge', fields }
}

function mergeOf(patch: JsonObject): MetaEdit {
  const fields = new Map<string, MetaEdit>()
  for (const [name, value] of Object.entries(patch)) {
    fields.set(name, isJsonObject(value) ? mergeOf(value) : { kind: 'set', value })
  }
  return { kind: 'merge', fields }
}

function patchOf(fields: ReadonlyMap<string, MetaEdit>): JsonObject {
  // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
  return Object.fromEntries(
    [...fields].map(([name, edit]) => [name, edit.kind === 'set' ? edit.value : patchOf(edit.fields)]),
  )
}

/** A patch that removes every field which is to become exactly an object; null where there is none. */
function clearingOf(fields: ReadonlyMap<string, MetaEdit>): JsonObject | null {
  const clearing = new Map<string, JsonValue>()
  for (const [name, edit] of fields) {
    if (edit.kind === 'merge') {
      const inner = clearingOf(edit.fields)
      if (inner) clearing.set(name, inner)
    } else if (isJsonObject(edit.value)) clearing.set(name, null)
  }
  return clearing.size === 0 ? null : Object.fromEntries(clearing)
}
