import {
  type LineEvent,
  type LineState,
  OPENING,
  type OrderedDiff,
  stepLine,
} from '../store/redis/line-machine'
import type { StoredSnapshot } from '../store/redis/scripts/snapshot'

const EMPTY = { joins: [], updates: [], leaves: [] }

/** A step to `seq` of an epoch; digests are ten times the position, unless the history is another. */
export function ordered(seq: number, epoch = 'e', was = (seq - 1) * 10): OrderedDiff {
  return { diff: { epoch, base: seq - 1, seq, digest: seq * 10, ...EMPTY }, was, node: 'n' }
}

export const diff = (...of: Parameters<typeof ordered>): LineEvent => ({
  kind: 'diff',
  ordered: ordered(...of),
})

export function snapshot(seq: number, epoch = 'e', digest = seq * 10): LineEvent {
  const none = { presences: [], holders: [], asserted: new Set<string>(), reasons: new Map() }
  const held: StoredSnapshot = { epoch, seq, digest, ...none }
  return { kind: 'snapshot', snapshot: held }
}

/** The state after the events, and what came of the last. */
export function play(events: readonly LineEvent[], awaited: readonly string[] = [], maxKept = 4) {
  let state: LineState = OPENING
  let done: string[] = []
  for (const event of events) {
    const step = stepLine(state, event, { awaited: () => new Set(awaited), maxKept })
    state = step.state
    done = step.effects.map((effect) => {
      if (effect.kind === 'deliver') return `deliver ${effect.ordered.diff.seq}`
      return effect.kind === 'tell' ? `tell ${effect.snapshot.epoch} ${effect.snapshot.seq}` : effect.kind
    })
  }
  const at = state.name === 'opening' ? null : `${state.at.epoch} ${state.at.seq}`
  return { state: state.name, at, kept: state.kept.map((one) => one.diff.seq), done }
}
