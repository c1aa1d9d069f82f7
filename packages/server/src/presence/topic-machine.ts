import {
  continuityOf,
  type Position,
  type PresenceDiff,
  type PresenceSnapshot,
  type Step,
  stay,
  stepBy,
  type TransitionTable,
} from '@rollcall/shared-protocol'

/*
 *              snapshot              snapshot: anew, a diff that follows: one further
 *   unknown --------------> known --+
 *                             ^-----+
 *
 * Where a node's copy of one topic stands in the store's history. The copy itself is beside it (TopicState), so that a
 * step costs nothing, whatever the topic holds.
 */

export type TopicMachineState =
  /** The store has said nothing yet. */
  { readonly name: 'unknown' } | { readonly name: 'known'; readonly position: Position }

export type TopicMachineEvent =
  | { readonly kind: 'snapshot'; readonly snapshot: PresenceSnapshot }
  | { readonly kind: 'diff'; readonly diff: PresenceDiff }

export type TopicMachineEffect =
  | { readonly kind: 'replace'; readonly snapshot: PresenceSnapshot }
  | { readonly kind: 'apply'; readonly diff: PresenceDiff }

type TopicStep = Step<TopicMachineState, TopicMachineEffect>

const positionOf = ({ epoch, seq }: Position): Position => ({ epoch, seq })

const replace = (
  _state: TopicMachineState,
  { snapshot }: { readonly snapshot: PresenceSnapshot },
): TopicStep => ({
  state: { name: 'known', position: positionOf(snapshot) },
  effects: [{ kind: 'replace', snapshot }],
})

const table: TransitionTable<TopicMachineState, TopicMachineEvent, TopicMachineEffect, undefined> = {
  unknown: {
    snapshot: replace,
    // It is in the snapshot that the store begins with. (S-1)
    diff: stay,
  },
  known: {
    snapshot: replace,
    // One that is old is known; one that does not follow is followed by a snapshot, as the store's contract says.
    diff: (state, { diff }) =>
      continuityOf(state.position, diff) === 'apply'
        ? { state: { name: 'known', position: positionOf(diff) }, effects: [{ kind: 'apply', diff }] }
        : stay(state),
  },
}

export const UNKNOWN_TOPIC: TopicMachineState = { name: 'unknown' }

export function stepTopic(state: TopicMachineState, event: TopicMachineEvent): TopicStep {
  return stepBy(table, state, event, undefined)
}
