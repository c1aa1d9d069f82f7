import { type PresenceDiff, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import type { StoredSnapshot } from './scripts/snapshot'
import { type KnownPosition, NO_HISTORY } from './scripts/topic'

/*
 *             snapshot            gap not filled, reconnect          another history than ours
 *   opening ------------> live ---------------------------> resyncing ------------------------> rebuilding
 *                          ^ |                                 |                                    |
 *                  follows | +-- ahead: buffered until the gap | snapshot                           | snapshot, once all
 *                          +---- before it fills     <---------+                                    | nodes asserted, or
 *                          ^                                                                        | the time is up
 *                          +------------------------------------------------------------------------+
 *
 * The place of one feed in its topic's order. Messages arrive late, twice, in any order or not at all; the feed gets a
 * snapshot and then diffs without a gap. When Redis has lost its data, the nodes rebuild the history; the feed keeps its
 * state meanwhile and gets one snapshot at the end.
 */

/** A diff as it was published. */
export interface OrderedDiff {
  readonly diff: PresenceDiff
  /** Digest of the state at `diff.base`. */
  readonly was: number
  readonly node: string
}

export type SequencerState =
  | { readonly name: 'opening'; readonly buffered: readonly OrderedDiff[] }
  /** `buffered` holds diffs ahead of `at`, behind a gap. */
  | { readonly name: 'live'; readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] }
  /** Waits for a snapshot. `at` is the position of the feed. */
  | { readonly name: 'resyncing'; readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] }
  /** `awaiting` names nodes that hold presences of the feed and have not asserted them in the new history of Redis. */
  | {
      readonly name: 'rebuilding'
      readonly at: KnownPosition
      readonly buffered: readonly OrderedDiff[]
      readonly awaiting: ReadonlySet<string>
      /** The history that the nodes rebuild. If Redis loses that one too, the time starts again. */
      readonly epoch: string
      readonly isOverdue: boolean
    }

export type SequencerEvent =
  | { readonly kind: 'diff'; readonly ordered: OrderedDiff }
  | { readonly kind: 'begun'; readonly epoch: string }
  | { readonly kind: 'asserted'; readonly nodes: readonly string[] }
  | { readonly kind: 'snapshot'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'gapDue' }
  | { readonly kind: 'rebuildDue' }
  /** Messages may have been missed. The sender of this event brings a snapshot. */
  | { readonly kind: 'stale' }

export type SequencerEffect =
  | { readonly kind: 'deliverDiff'; readonly ordered: OrderedDiff }
  | { readonly kind: 'deliverSnapshot'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'requestSnapshot' }
  /** Assert this node's own presences first, and then request a snapshot. */
  | { readonly kind: 'requestAssert' }
  | { readonly kind: 'startGapTimer' }
  | { readonly kind: 'startRebuildTimer' }
  | { readonly kind: 'stopRebuildTimer' }

export interface SequencerContext {
  /** The nodes whose presences the feed has, the snapshot lacks, and which have not asserted in the snapshot's history. */
  readonly awaited: (snapshot: StoredSnapshot) => ReadonlySet<string>
  /** Diffs buffered at most. With more, a snapshot is cheaper. */
  readonly maxBuffered: number
}

type SequencerStep = Step<SequencerState, SequencerEffect>

const knownOf = ({ epoch, seq, digest }: KnownPosition): KnownPosition => ({ epoch, seq, digest })

const isSame = (a: KnownPosition, b: KnownPosition) =>
  a.epoch === b.epoch && a.seq === b.seq && a.digest === b.digest

/** Whether the topic has no history, so that the first change of any epoch follows. */
const hasNoHistory = ({ epoch }: KnownPosition) => epoch === NO_HISTORY

/**
 * Whether a snapshot without a history is older than the history of the feed. Redis sends such a snapshot only if the
 * request named no history; for a history that is lost, Redis begins a new one and sends that.
 */
const isOvertaken = ({ at }: { readonly at: KnownPosition }, snapshot: StoredSnapshot) =>
  hasNoHistory(snapshot) && !hasNoHistory(at)

const isBuffered = (buffered: readonly OrderedDiff[], { diff }: OrderedDiff) =>
  buffered.some((one) => one.diff.seq === diff.seq && one.diff.epoch === diff.epoch)

/** Adds a diff to the buffer. Drops the oldest if there are too many: a later snapshot, or another gap, makes up for it. */
function addTo(buffered: readonly OrderedDiff[], ordered: OrderedDiff, max: number): readonly OrderedDiff[] {
  return isBuffered(buffered, ordered) ? buffered : [...buffered, ordered].slice(-max)
}

/** The empty snapshot before the first diff of a history; null if no buffered diff is the first one. */
function beginningIn(buffered: readonly OrderedDiff[]): StoredSnapshot | null {
  // The latest one, as any earlier one belongs to a history that was lost since.
  const first = [...buffered].reverse().find(({ diff, was }) => diff.base === 0 && was === 0)
  if (!first) return null
  const empty = { presences: [], holders: [], asserted: new Set<string>(), reasons: new Map() }
  return { epoch: first.diff.epoch, seq: 0, digest: 0, ...empty }
}

/** Delivers the buffered diffs that follow `at` without a gap. `rest` holds the other diffs of this history, or of all. */
function drain(at: KnownPosition, buffered: readonly OrderedDiff[]) {
  const beginning = at.epoch === NO_HISTORY ? beginningIn(buffered) : null
  const effects: SequencerEffect[] = beginning ? [{ kind: 'deliverSnapshot', snapshot: beginning }] : []
  let now = beginning ? knownOf(beginning) : at
  if (now.epoch === NO_HISTORY) return { at, effects, rest: buffered }
  const bySeq = new Map<number, OrderedDiff>()
  for (const one of buffered) if (one.diff.epoch === now.epoch) bySeq.set(one.diff.base, one)
  for (let next = bySeq.get(now.seq); next && next.was === now.digest; next = bySeq.get(now.seq)) {
    effects.push({ kind: 'deliverDiff', ordered: next })
    now = knownOf(next.diff)
  }
  return {
    at: now,
    effects,
    rest: buffered.filter(({ diff }) => diff.epoch === now.epoch && diff.seq > now.seq),
  }
}

/** Goes live at `at`, which Redis has just confirmed, and delivers the buffered diffs that follow. */
function resume(
  at: KnownPosition,
  buffered: readonly OrderedDiff[],
  effects: readonly SequencerEffect[],
): SequencerStep {
  const drained = drain(at, buffered)
  // Redis has just confirmed the position: a diff that starts there and does not fit belongs to a lost history.
  const ahead = drained.rest.filter(({ diff }) => diff.base > drained.at.seq)
  const state: SequencerState = { name: 'live', at: drained.at, buffered: ahead }
  const done = [...effects, ...drained.effects]
  return { state, effects: ahead.length > 0 ? [...done, { kind: 'startGapTimer' }] : done }
}

/** Redis has another history than the feed. */
function resync(
  at: KnownPosition,
  buffered: readonly OrderedDiff[],
  effects: readonly SequencerEffect[] = [],
): SequencerStep {
  return { state: { name: 'resyncing', at, buffered }, effects: [...effects, { kind: 'requestAssert' }] }
}

/** Applies a snapshot, of the feed's history or of another. */
function applySnapshot(
  { at, buffered }: { readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] },
  snapshot: StoredSnapshot,
  { awaited }: SequencerContext,
  rebuilding: { readonly epoch: string; readonly isOverdue: boolean } | null,
): SequencerStep {
  const done: SequencerEffect[] = rebuilding ? [{ kind: 'stopRebuildTimer' }] : []
  if (isSame(at, snapshot)) return resume(at, buffered, done)
  if (snapshot.epoch === at.epoch) {
    // Older than the feed: a late reply, or Redis lost writes. The next request sends the feed's position to find out.
    if (snapshot.seq <= at.seq)
      return { state: { name: 'resyncing', at, buffered }, effects: [...done, { kind: 'requestSnapshot' }] }
    const drained = drain(at, buffered)
    if (drained.at.seq >= snapshot.seq) return resume(at, buffered, done)
    return resume(knownOf(snapshot), buffered, [...done, { kind: 'deliverSnapshot', snapshot }])
  }
  const awaiting = awaited(snapshot)
  const { epoch } = snapshot
  const isSameLoss = rebuilding?.epoch === epoch
  if (awaiting.size === 0 || (isSameLoss && rebuilding.isOverdue)) {
    return resume(knownOf(snapshot), buffered, [...done, { kind: 'deliverSnapshot', snapshot }])
  }
  return {
    state: { name: 'rebuilding', at, buffered, awaiting, epoch, isOverdue: false },
    effects: isSameLoss ? [] : [{ kind: 'requestAssert' }, { kind: 'startRebuildTimer' }],
  }
}

/** A history begins. If the feed has none, the first change follows and needs no request. */
function begun<S extends Extract<SequencerState, { at: KnownPosition }>>(
  state: S,
  { epoch }: { readonly epoch: string },
): SequencerStep {
  return epoch === state.at.epoch || hasNoHistory(state.at) ? stay(state) : resync(state.at, state.buffered)
}

const table: TransitionTable<SequencerState, SequencerEvent, SequencerEffect, SequencerContext> = {
  opening: {
    diff: ({ buffered }, { ordered }, { maxBuffered }) =>
      stay({ name: 'opening', buffered: addTo(buffered, ordered, maxBuffered) }),
    begun: stay,
    asserted: stay,
    snapshot: ({ buffered }, { snapshot }) =>
      resume(knownOf(snapshot), buffered, [{ kind: 'deliverSnapshot', snapshot }]),
    gapDue: stay,
    rebuildDue: stay,
    stale: stay,
  },
  live: {
    diff: ({ at, buffered }, { ordered }, { maxBuffered }) => {
      const { diff } = ordered
      if (diff.epoch !== at.epoch && !hasNoHistory(at)) return resync(at, [...buffered, ordered])
      if (diff.seq <= at.seq) return stay({ name: 'live', at, buffered })
      if (diff.base > at.seq) {
        if (buffered.length >= maxBuffered)
          return { state: { name: 'resyncing', at, buffered }, effects: [{ kind: 'requestSnapshot' }] }
        const state: SequencerState = { name: 'live', at, buffered: addTo(buffered, ordered, maxBuffered) }
        return { state, effects: buffered.length === 0 ? [{ kind: 'startGapTimer' }] : [] }
      }
      const { at: now, rest, effects } = drain(at, [...buffered, ordered])
      // A diff that does not follow by number or by digest belongs to another history.
      if (rest.some((one) => one.diff.base <= now.seq)) return resync(now, rest, effects)
      return { state: { name: 'live', at: now, buffered: rest }, effects }
    },
    begun,
    asserted: stay,
    // Another feed of this topic requested this snapshot. If it is newer, the diffs in between are on their way.
    snapshot: (state, { snapshot }, context) => {
      if (snapshot.epoch === state.at.epoch) return stay(state)
      if (hasNoHistory(state.at)) return applySnapshot(state, snapshot, context, null)
      // The request sends this node's position, so Redis notices if it has lost the first change since.
      if (isOvertaken(state, snapshot))
        return { state: { ...state, name: 'resyncing' }, effects: [{ kind: 'requestSnapshot' }] }
      return resync(state.at, state.buffered)
    },
    gapDue: ({ at, buffered }) =>
      buffered.length === 0
        ? stay({ name: 'live', at, buffered })
        : { state: { name: 'resyncing', at, buffered }, effects: [{ kind: 'requestSnapshot' }] },
    rebuildDue: stay,
    stale: ({ at, buffered }) => stay({ name: 'resyncing', at, buffered }),
  },
  resyncing: {
    diff: ({ at, buffered }, { ordered }, { maxBuffered }) =>
      stay({ name: 'resyncing', at, buffered: addTo(buffered, ordered, maxBuffered) }),
    begun,
    asserted: stay,
    snapshot: (state, { snapshot }, context) =>
      isOvertaken(state, snapshot) ? stay(state) : applySnapshot(state, snapshot, context, null),
    gapDue: stay,
    rebuildDue: stay,
    stale: stay,
  },
  rebuilding: {
    diff: (state, { ordered }, { maxBuffered }) =>
      stay({ ...state, buffered: addTo(state.buffered, ordered, maxBuffered) }),
    begun: (state, { epoch }) => {
      if (epoch === state.epoch) return { state, effects: [{ kind: 'requestAssert' }] }
      const restarted: SequencerState = { ...state, epoch, isOverdue: false }
      return { state: restarted, effects: [{ kind: 'requestAssert' }, { kind: 'startRebuildTimer' }] }
    },
    asserted: (state, { nodes }) => {
      const awaiting = new Set([...state.awaiting].filter((node) => !nodes.includes(node)))
      if (awaiting.size === state.awaiting.size) return stay(state)
      return {
        state: { ...state, awaiting },
        effects: awaiting.size === 0 ? [{ kind: 'requestSnapshot' }] : [],
      }
    },
    snapshot: (state, { snapshot }, context) =>
      isOvertaken(state, snapshot) ? stay(state) : applySnapshot(state, snapshot, context, state),
    gapDue: stay,
    rebuildDue: (state) => ({ state: { ...state, isOverdue: true }, effects: [{ kind: 'requestSnapshot' }] }),
    // Redis is down again, and no node can assert meanwhile: the time starts again once Redis is up.
    stale: ({ at, buffered }) => ({
      state: { name: 'resyncing', at, buffered },
      effects: [{ kind: 'stopRebuildTimer' }],
    }),
  },
}

export const OPENING: SequencerState = { name: 'opening', buffered: [] }

export function stepSequencer(
  state: SequencerState,
  event: SequencerEvent,
  context: SequencerContext,
): SequencerStep {
  return stepBy(table, state, event, context)
}
