import { bytesOfEdit, composeEdits, contentOf, type MetaEdit, utf8Bytes } from '@rollcall/shared-protocol'

/*
 *   oldest <- … <- newest      each append adds a link, and shares all links before it
 *
 * An append takes as long as the new edit is large, however much waits already. The links are merged when the edits go
 * out, or when they have more than twice the bytes of the last merge, so that many edits of one field take no more room
 * than one. Merging with each append would let tiny patches behind a wide one hold the page. (C-53)
 */

/** Past this many bytes in one merged edit no other is taken. By default a server takes no longer frame. */
export const MAX_WAITING_BYTES = 65_536

/** Bytes of edits that are appended before they are merged, however small the last merge was. */
const SLACK_BYTES = 4096

interface Link {
  readonly edit: MetaEdit
  readonly before: Link | null
}

/** Edits that wait to be sent, in their order. Never empty. */
export interface WaitingEdits {
  readonly newest: Link
  readonly bytes: number
  /** The bytes that were left by the last merge. */
  readonly mergedBytes: number
}

export function waitingOf(edit: MetaEdit): WaitingEdits {
  const bytes = bytesOf(edit)
  return { newest: { edit, before: null }, bytes, mergedBytes: bytes }
}

/**
 * With `edit` after what waits. Where that would be too much, the edit is left out: `isFull`. A whole meta replaces what
 * waits, so it always has room.
 */
export function append(
  waiting: WaitingEdits | null,
  edit: MetaEdit,
): { readonly waiting: WaitingEdits; readonly isFull: boolean } {
  if (waiting === null || edit.kind === 'set') return { waiting: waitingOf(edit), isFull: false }
  const { newest, bytes, mergedBytes } = waiting
  // Found full by a merge before: merging again for each refusal would hold the page.
  if (mergedBytes > MAX_WAITING_BYTES) return { waiting, isFull: true }
  const longer = { newest: { edit, before: newest }, bytes: bytes + bytesOf(edit), mergedBytes }
  if (longer.bytes <= 2 * mergedBytes + SLACK_BYTES) return { waiting: longer, isFull: false }
  const merged = waitingOf(mergeOf(longer))
  if (merged.bytes <= MAX_WAITING_BYTES) return { waiting: merged, isFull: false }
  return { waiting: waitingOf(mergeOf(waiting)), isFull: true }
}

/** The one edit with the effect of all. */
export function mergeOf({ newest }: WaitingEdits): MetaEdit {
  const edits: MetaEdit[] = []
  for (let link: Link | null = newest; link; link = link.before) edits.push(link.edit)
  return mergeAll(edits.reverse())
}

/** Merges neighbours, then neighbours of those: each edit is copied once a round, and not once for each later one. */
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

/** About as many bytes as the edit has as JSON. */
function bytesOf(edit: MetaEdit): number {
  return edit.kind === 'set' ? utf8Bytes(JSON.stringify(contentOf(edit))) : bytesOfEdit(edit)
}
