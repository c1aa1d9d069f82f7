import { type PresenceDiff, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import type { StoredSnapshot } from './scripts/snapshot'
import { type KnownPosition, NO_HISTORY } from './scripts/topic'

/*
 *              snapshot            gap in vain, reconnect            another history than ours
 *   opening ------------> live ----------------------------> asking --------------------------> settling
 *                          ^ |                                 |                                    |
 *                  follows | +-- ahead: buffered until the gap     | snapshot                           | snapshot, with all
 *                          +---- before it fills     <---------+                                    | who were there, or
 *                          ^                                                                        | time is up
 *                          +------------------------------------------------------------------------+
 *
 * Where one feed stands in its topic's one order. Messages come late, twice, in any order and not at all; what leaves
 * here is a snapshot and then diffs without a gap. While the history that Redis had is being put together again, the
 * feed goes on with what it knows, and is then told once.
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
  /** `buffered`: what is ahead of `at`, behind a gap. */
  | { readonly name: 'live'; readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] }
  /** A snapshot was asked for. `at` is what the feed was told last. */
  | { readonly name: 'asking'; readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] }
  /** `awaiting`: nodes whose presences the feed knows, Redis has not, and that have not said anything in its new history. */
  | {
      readonly name: 'settling'
      readonly at: KnownPosition
      readonly buffered: readonly OrderedDiff[]
      readonly awaiting: ReadonlySet<string>
      /** The history that is being put together. Where that is lost as well, the time for it counts anew. */
      readonly epoch: string
      readonly isOverdue: boolean
    }

export type SequencerEvent =
  | { readonly kind: 'diff'; readonly ordered: OrderedDiff }
  | { readonly kind: 'begun'; readonly epoch: string }
  | { readonly kind: 'asserted'; readonly nodes: readonly string[] }
  | { readonly kind: 'snapshot'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'gapDue' }
  | { readonly kind: 'settleDue' }
  /** Something may have been missed; whoever says so brings a snapshot. */
  | { readonly kind: 'stale' }

export type SequencerEffect =
  | { readonly kind: 'deliver'; readonly ordered: OrderedDiff }
  | { readonly kind: 'tell'; readonly snapshot: StoredSnapshot }
  /** A snapshot is needed. */
  | { readonly kind: 'ask' }
  /** As `ask`, and this node's own presences are to be put there first. */
  | { readonly kind: 'assert' }
  | { readonly kind: 'awaitGap' }
  | { readonly kind: 'awaitOthers' }
  | { readonly kind: 'settled' }

export interface SequencerContext {
  /** The nodes of presences that the feed was told of, that are not in the snapshot and of which its history says nothing. */
  readonly awaited: (snapshot: StoredSnapshot) => ReadonlySet<string>
  /** How many diffs are buffered at most. Past that, a snapshot is cheaper. */
  readonly maxBuffered: number
}

type SequencerStep = Step<SequencerState, SequencerEffect>

const knownOf = ({ epoch, seq, digest }: KnownPosition): KnownPosition => ({ epoch, seq, digest })

const isSame = (a: KnownPosition, b: KnownPosition) =>
  a.epoch === b.epoch && a.seq === b.seq && a.digest === b.digest

/** Whether the topic has no history at all: its first change, in whatever epoch, is what follows. */
const isNone = ({ epoch }: KnownPosition) => epoch === NO_HISTORY

/**
 * Whether a snapshot is older than the history that the line knows. It answers a line that knew of none: to one that knows
 * a history that is lost, Redis answers with the one that begins.
 */
const isOvertaken = ({ at }: { readonly at: KnownPosition }, snapshot: StoredSnapshot) =>
  isNone(snapshot) && !isNone(at)

const isKept = (buffered: readonly OrderedDiff[], { diff }: OrderedDiff) =>
  buffered.some((one) => one.diff.seq === diff.seq && one.diff.epoch === diff.epoch)

/** Kept with the others, the oldest given up where there are too many: a later snapshot, or another gap, tells. */
function keep(buffered: readonly OrderedDiff[], ordered: OrderedDiff, max: number): readonly OrderedDiff[] {
  return isKept(buffered, ordered) ? buffered : [...buffered, ordered].slice(-max)
}

/** The empty state with which the history of a first diff begins; null where none of them is a first one. */
function beginningIn(buffered: readonly OrderedDiff[]): StoredSnapshot | null {
  // The latest: what came before it is of a history that was lost since.
  const first = [...buffered].reverse().find(({ diff, was }) => diff.base === 0 && was === 0)
  if (!first) return null
  const nobody = { presences: [], holders: [], asserted: new Set<string>(), reasons: new Map() }
  return { epoch: first.diff.epoch, seq: 0, digest: 0, ...nobody }
}

/** What of the buffered diffs follows `at` without a gap, and what is left of this history; of all, where there is none yet. */
function drain(at: KnownPosition, buffered: readonly OrderedDiff[]) {
  const beginning = at.epoch === NO_HISTORY ? beginningIn(buffered) : null
  const effects: SequencerEffect[] = beginning ? [{ kind: 'tell', snapshot: beginning }] : []
  let now = beginning ? knownOf(beginning) : at
  if (now.epoch === NO_HISTORY) return { at, effects, rest: buffered }
  const bySeq = new Map<number, OrderedDiff>()
  for (const one of buffered) if (one.diff.epoch === now.epoch) bySeq.set(one.diff.base, one)
  for (let next = bySeq.get(now.seq); next && next.was === now.digest; next = bySeq.get(now.seq)) {
    effects.push({ kind: 'deliver', ordered: next })
    now = knownOf(next.diff)
  }
  return {
    at: now,
    effects,
    rest: buffered.filter(({ diff }) => diff.epoch === now.epoch && diff.seq > now.seq),
  }
}

/** Live at `at`, which Redis has just confirmed, with what was buffered delivered as far as it goes. */
function resume(
  at: KnownPosition,
  buffered: readonly OrderedDiff[],
  effects: readonly SequencerEffect[],
): SequencerStep {
  const drained = drain(at, buffered)
  // What begins where we are and does not fit is of a history that Redis lost: it has just said what is true.
  const ahead = drained.rest.filter(({ diff }) => diff.base > drained.at.seq)
  const state: SequencerState = { name: 'live', at: drained.at, buffered: ahead }
  const done = [...effects, ...drained.effects]
  return { state, effects: ahead.length > 0 ? [...done, { kind: 'awaitGap' }] : done }
}

/** The history is not the one that the feed was told of. */
function lose(
  at: KnownPosition,
  buffered: readonly OrderedDiff[],
  effects: readonly SequencerEffect[] = [],
): SequencerStep {
  return { state: { name: 'asking', at, buffered: buffered }, effects: [...effects, { kind: 'assert' }] }
}

/** A snapshot came, of the history that the feed was told of or of another. */
function take(
  { at, buffered }: { readonly at: KnownPosition; readonly buffered: readonly OrderedDiff[] },
  snapshot: StoredSnapshot,
  { awaited }: SequencerContext,
  settling: { readonly epoch: string; readonly isOverdue: boolean } | null,
): SequencerStep {
  const done: SequencerEffect[] = settling ? [{ kind: 'settled' }] : []
  if (isSame(at, snapshot)) return resume(at, buffered, done)
  if (snapshot.epoch === at.epoch) {
    // Older than what the feed has: a late reply, or Redis lost writes. The next one, asked for with what is known, tells.
    if (snapshot.seq <= at.seq)
      return { state: { name: 'asking', at, buffered: buffered }, effects: [...done, { kind: 'ask' }] }
    const drained = drain(at, buffered)
    if (drained.at.seq >= snapshot.seq) return resume(at, buffered, done)
    return resume(knownOf(snapshot), buffered, [...done, { kind: 'tell', snapshot }])
  }
  const awaiting = awaited(snapshot)
  const { epoch } = snapshot
  const isSameLoss = settling?.epoch === epoch
  if (awaiting.size === 0 || (isSameLoss && settling.isOverdue)) {
    return resume(knownOf(snapshot), buffered, [...done, { kind: 'tell', snapshot }])
  }
  return {
    state: { name: 'settling', at, buffered: buffered, awaiting, epoch, isOverdue: false },
    effects: isSameLoss ? [] : [{ kind: 'assert' }, { kind: 'awaitOthers' }],
  }
}

/** A history begins. Where there was none, its first change follows and tells of it. */
function begun<S extends Extract<SequencerState, { at: KnownPosition }>>(
  state: S,
  { epoch }: { readonly epoch: string },
): SequencerStep {
  return epoch === state.at.epoch || isNone(state.at) ? stay(state) : lose(state.at, state.buffered)
}

const table: TransitionTable<SequencerState, SequencerEvent, SequencerEffect, SequencerContext> = {
  opening: {
    diff: ({ buffered }, { ordered }, { maxBuffered }) =>
      stay({ name: 'opening', buffered: keep(buffered, ordered, maxBuffered) }),
    begun: stay,
    asserted: stay,
    snapshot: ({ buffered }, { snapshot }) =>
      resume(knownOf(snapshot), buffered, [{ kind: 'tell', snapshot }]),
    gapDue: stay,
    settleDue: stay,
    stale: stay,
  },
  live: {
    diff: ({ at, buffered }, { ordered }, { maxBuffered }) => {
      const { diff } = ordered
      if (diff.epoch !== at.epoch && !isNone(at)) return lose(at, [...buffered, ordered])
      if (diff.seq <= at.seq) return stay({ name: 'live', at, buffered })
      if (diff.base > at.seq) {
        if (buffered.length >= maxBuffered)
          return { state: { name: 'asking', at, buffered }, effects: [{ kind: 'ask' }] }
        const state: SequencerState = { name: 'live', at, buffered: keep(buffered, ordered, maxBuffered) }
        return { state, effects: buffered.length === 0 ? [{ kind: 'awaitGap' }] : [] }
      }
      const { at: now, rest, effects } = drain(at, [...buffered, ordered])
      // One that does not follow, by its number or by its digest, is of another history.
      if (rest.some((one) => one.diff.base <= now.seq)) return lose(now, rest, effects)
      return { state: { name: 'live', at: now, buffered: rest }, effects }
    },
    begun,
    asserted: stay,
    // Asked for by another line of this topic: what it has more is on its way.
    snapshot: (state, { snapshot }, context) => {
      if (snapshot.epoch === state.at.epoch) return stay(state)
      if (isNone(state.at)) return take(state, snapshot, context, null)
      // Where the first change was lost since, Redis finds out by what this node knows.
      if (isOvertaken(state, snapshot))
        return { state: { ...state, name: 'asking' }, effects: [{ kind: 'ask' }] }
      return lose(state.at, state.buffered)
    },
    gapDue: ({ at, buffered }) =>
      buffered.length === 0
        ? stay({ name: 'live', at, buffered })
        : { state: { name: 'asking', at, buffered }, effects: [{ kind: 'ask' }] },
    settleDue: stay,
    stale: ({ at, buffered }) => stay({ name: 'asking', at, buffered }),
  },
  asking: {
    diff: ({ at, buffered }, { ordered }, { maxBuffered }) =>
      stay({ name: 'asking', at, buffered: keep(buffered, ordered, maxBuffered) }),
    begun,
    asserted: stay,
    snapshot: (state, { snapshot }, context) =>
      isOvertaken(state, snapshot) ? stay(state) : take(state, snapshot, context, null),
    gapDue: stay,
    settleDue: stay,
    stale: stay,
  },
  settling: {
    diff: (state, { ordered }, { maxBuffered }) =>
      stay({ ...state, buffered: keep(state.buffered, ordered, maxBuffered) }),
    begun: (state, { epoch }) => {
      if (epoch === state.epoch) return { state, effects: [{ kind: 'assert' }] }
      const anew: SequencerState = { ...state, epoch, isOverdue: false }
      return { state: anew, effects: [{ kind: 'assert' }, { kind: 'awaitOthers' }] }
    },
    asserted: (state, { nodes }) => {
      const awaiting = new Set([...state.awaiting].filter((node) => !nodes.includes(node)))
      if (awaiting.size === state.awaiting.size) return stay(state)
      return { state: { ...state, awaiting }, effects: awaiting.size === 0 ? [{ kind: 'ask' }] : [] }
    },
    snapshot: (state, { snapshot }, context) =>
      isOvertaken(state, snapshot) ? stay(state) : take(state, snapshot, context, state),
    gapDue: stay,
    settleDue: (state) => ({ state: { ...state, isOverdue: true }, effects: [{ kind: 'ask' }] }),
    // Redis is away again: it counts anew once it is back, as nobody can say anything meanwhile.
    stale: ({ at, buffered }) => ({
      state: { name: 'asking', at, buffered },
      effects: [{ kind: 'settled' }],
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
