import type { Epoch, Key, PresenceRef, Seq } from '../ids'
import type { JsonObject } from '../json'

/** The application's JSON about one presence. Never holds system fields. */
export type Meta = JsonObject

/** One tracked entry: one session in one topic. Immutable; an update makes a new object with the next `rev`. */
export interface Presence<M = Meta> {
  readonly ref: PresenceRef
  readonly key: Key
  readonly meta: M
  /** Counts the updates of this presence, from 0. */
  readonly rev: number
}

/** Why a presence left. */
export const LEAVE_REASONS = [
  'left',
  'closed',
  'timeout',
  'kicked',
  'expired',
  'replaced',
  'node_lost',
  'drained',
] as const
export type LeaveReason = (typeof LEAVE_REASONS)[number]

export interface PresenceUpdate<M = Meta> {
  readonly ref: PresenceRef
  readonly rev: number
  readonly meta: M
}

export interface PresenceLeave {
  readonly ref: PresenceRef
  readonly key: Key
  readonly reason: LeaveReason
}

/** Joins, updates and leaves that happened together. Each presence is in at most one of them. (P-2) */
export interface PresenceChanges<M = Meta> {
  readonly joins: readonly Presence<M>[]
  readonly updates: readonly PresenceUpdate<M>[]
  readonly leaves: readonly PresenceLeave[]
}

/** A topic's whole state at `(epoch, seq)`. On the wire `presence_state`. */
export interface PresenceSnapshot<M = Meta> {
  readonly epoch: Epoch
  readonly seq: Seq
  /** {@link digestOf} the presences. */
  readonly digest: number
  readonly presences: readonly Presence<M>[]
}

/** What takes a topic from `base` to `seq` within `epoch`. On the wire `presence_diff`. */
export interface PresenceDiff<M = Meta> extends PresenceChanges<M> {
  readonly epoch: Epoch
  readonly base: Seq
  readonly seq: Seq
  /** Digest of the state that the diff leads to. */
  readonly digest: number
}

/**
 * A diff with what was there before, as a server knows it. Dialects whose clients think in other terms than ours
 * need it: Phoenix tells an update as a leave of the old meta, zzz and Vix know only keys.
 */
export interface FullDiff<M = Meta> extends PresenceDiff<M> {
  readonly updates: readonly FullUpdate<M>[]
  readonly leaves: readonly FullLeave<M>[]
  /** Keys that had no presence before the diff and have one after it. */
  readonly appeared: readonly Key[]
  /** Keys that had a presence before the diff and have none after it. */
  readonly disappeared: readonly Key[]
}

export interface FullUpdate<M = Meta> extends PresenceUpdate<M> {
  readonly key: Key
  readonly previous: Presence<M>
}

export interface FullLeave<M = Meta> extends PresenceLeave {
  readonly presence: Presence<M>
}

/**
 * One meta as Phoenix tells it. `phxRef` is what it goes by, within its key: an update gives it another one, and names
 * the one before in `phxRefPrev`.
 */
export interface PhoenixMeta<M = Meta> {
  readonly key: Key
  readonly phxRef: string
  readonly phxRefPrev: string | null
  readonly meta: M
}
