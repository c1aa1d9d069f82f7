import type {
  Fault,
  JsonObject,
  Key,
  LeaveReason,
  Meta,
  Payload,
  Position,
  Presence,
  Topic,
} from '@rollcall/shared-protocol'
import type { Identity } from '../identity/identity'
import type { TrackResult } from '../presence/presence-registry'
import type { RegistryDiff } from '../presence/registry-diff'

/** What a channel's functions work with: one session in one topic. */
export interface ChannelContext {
  readonly topic: Topic
  /** Who the session is, by its latest credentials. */
  readonly identity: Identity
  readonly sessionId: string
  /**
   * Whom the session's limits and rates are counted for: its identity, or the guests of its address; null where nobody is
   * counted. Equal for sessions of one account, and an opaque text otherwise.
   */
  readonly account: string | null
  /** The account's share of a rate for one client: 1 for an identity, `rates.guestsPerAddress` for the guests of an address. */
  readonly rateFactor: number
  /**
   * In a `join`: the page was loaded anew and goes on with its session, or the session was another server's and its
   * presence there was taken over. Nobody saw it leave, so that there is no coming to announce.
   */
  readonly isResumed: boolean
  /** Whether `authorize` lets it only read. What its `join` tracks is then shown until its session ends. */
  readonly isReadOnly: boolean
  /** Connect params, as the client sent them last: strings from a stranger. */
  readonly params: ReadonlyMap<string, string>
  /** Whatever the application wants to remember of the session; shared by all its channels. */
  readonly assigns: Map<string, unknown>

  /**
   * Makes the session present here under `key`; tracking again overwrites. Refused, with the reason, when something
   * is too large or the node is full. The presence goes by itself when the session leaves or its connection ends.
   */
  track(key: Key, meta: Meta): TrackResult
  /** Replaces the meta of the session's presence here. */
  update(meta: Meta): TrackResult
  /** Changes part of it: a JSON merge patch. */
  patch(patch: JsonObject): TrackResult
  /** Ends the session's presence here; it stays in the topic. Whether it had one. */
  untrack(): boolean
  /** Everybody present in the topic, the session's own presence included as soon as it is tracked. */
  list(): Promise<Presence[]>
  /** What changed in the topic since a position; everybody where none is given. */
  diff(since?: Position): Promise<RegistryDiff>

  // A payload is JSON, or bytes: binary frames to those whose dialect has them, `{base64}` to all others.

  /** An event to this session alone. */
  push(event: string, payload: Payload): void
  /** `presence_state` to this session alone, in its own dialect. */
  pushState(): void
  /** An event to everybody in the topic, this session included. */
  broadcast(event: string, payload: Payload): void
  /** An event to everybody in the topic but this session. */
  broadcastFrom(event: string, payload: Payload): void
  /** Puts the session out of the topic; its client is told the reason. */
  close(reason: LeaveReason, problem?: Fault): void
}
