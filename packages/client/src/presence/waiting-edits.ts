import { bytesOfEdit, composeEdits, type MetaEdit } from '@rollcall/shared-protocol'

/*
 *   oldest <- … <- newest      each append adds a link, and shares all links before it
 *
 * The time of an append depends on the size of the new edit only. The links are merged when the edits are sent, or when
 * they have more than twice the bytes of the last merge, so many edits of one field take no more memory than one. A merge
 * at each append would block the page when many small patches follow a large one. (C-53)
 */

/** Most bytes of the merged edit: by default, a server accepts no longer frame. Further patches are refused. */
export const MAX_WAITING_BYTES = 65_536

/** Bytes of edits that are appended before a merge, even if the last merge was small. */
const SLACK_BYTES = 4096

interface Link {
  readonly edit: MetaEdit
  readonly before: Link | null
}

/** Edits that wait to be sent, in their order. Never empty. */
export interface WaitingEdits {
  readonly newest: Link
  readonly bytes: number
  /** The size of the last merge, in bytes. */
  readonly mergedBytes: number
}

export function waitingOf(edit: MetaEdit): WaitingEdits {
  const bytes = bytesOfEdit(edit)
  return { newest: { edit, before: null }, bytes, mergedBytes: bytes }
}

/**
 * Adds an edit. If the edits would become too large, leaves it out and returns `isFull`. A whole meta replaces all
 * waiting edits, so it always fits.
 */
export function append(
  waiting: WaitingEdits | null,
  edit: MetaEdit,
): { readonly waiting: WaitingEdits; readonly isFull: boolean } {
  if (waiting === null || edit.kind === 'set') return { waiting: waitingOf(edit), isFull: false }
  const { newest, bytes, mergedBytes } = waiting
  // An earlier merge found it full. Another merge for each refusal would block the page.
  if (mergedBytes > MAX_WAITING_BYTES) return { waiting, isFull: true }
  const longer = { newest: { edit, before: newest }, bytes: bytes + bytesOfEdit(edit), mergedBytes }
  if (longer.bytes <= 2 * mergedBytes + SLACK_BYTES) return { waiting: longer, isFull: false }
  const merged = waitingOf(mergeOf(longer))
  if (merged.bytes <= MAX_WAITING_BYTES) return { waiting: merged, isFull: false }
  return { waiting: waitingOf(mergeOf(waiting)), isFull: true }
}

/** Merges all edits into one. */
export function mergeOf({ newest }: WaitingEdits): MetaEdit {
  const edits: MetaEdit[] = []
  for (let link: Link | null = newest; link; link = link.before) edits.push(link.edit)
  return mergeAll(edits.reverse())
}

/** Merges in pairs, then the pairs in pairs: copies each edit once per round instead of once per later edit. */
export function mergeAll(edits: readonly MetaEdit[]): MetaEdit {
  const [first, ...others] = edits
  if (first === undefined) return { kind: 'merge', fields: new Map() }
  if (others.length === 0) return first
  const pairs = edits.flatMap((left, i) => {
    if (i % 2 === 1) return []
    const right = edits[i + 1]
    return right ? composeEdits(left, right) : left
  })
  return mergeAll(pairs)
}
