import {
  OPENING,
  type OrderedDiff,
  type SequencerEvent,
  type SequencerState,
  stepSequencer,
} from '../store/redis/feed-sequencer-machine'
import type { StoredSnapshot } from '../store/redis/scripts/snapshot'

const EMPTY = { joins: [], updates: [], leaves: [] }

/** A diff to `seq` of an epoch. Digests are ten times the position, unless `was` says otherwise. */
export function ordered(seq: number, epoch = 'e', was = (seq - 1) * 10): OrderedDiff {
  return { diff: { epoch, base: seq - 1, seq, digest: seq * 10, ...EMPTY }, was, node: 'n' }
}

export const diff = (...of: Parameters<typeof ordered>): SequencerEvent => ({
  kind: 'diff',
  ordered: ordered(...of),
})

export function snapshot(seq: number, epoch = 'e', digest = seq * 10): SequencerEvent {
  const none = { presences: [], holders: [], asserted: new Set<string>(), reasons: new Map() }
  const held: StoredSnapshot = { epoch, seq, digest, ...none }
  return { kind: 'snapshot', snapshot: held }
}

/** The state after the events, and the effects of the last. */
export function play(events: readonly SequencerEvent[], awaited: readonly string[] = [], maxKept = 4) {
  let state: SequencerState = OPENING
  let done: string[] = []
  for (const event of events) {
    const step = stepSequencer(state, event, { awaited: () => new Set(awaited), maxBuffered: maxKept })
    state = step.state
    done = step.effects.map((effect) => {
      if (effect.kind === 'deliverDiff') return `deliver ${effect.ordered.diff.seq}`
      return effect.kind === 'deliverSnapshot'
        ? `snapshot ${effect.snapshot.epoch} ${effect.snapshot.seq}`
        : effect.kind
    })
  }
  const at = state.name === 'opening' ? null : `${state.at.epoch} ${state.at.seq}`
  return { state: state.name, at, buffered: state.buffered.map((one) => one.diff.seq), done }
}
