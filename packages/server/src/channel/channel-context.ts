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

/** One session in one topic, as the functions of a channel get it. */
export interface ChannelContext {
  readonly topic: Topic
  /** The session's identity by its latest credentials. */
  readonly identity: Identity
  readonly sessionId: string
  /**
   * The account that limits and rates are counted for: the identity, or the guests of an address; null if nothing is
   * counted. Compare it only: sessions of one account have equal texts.
   */
  readonly account: string | null
  /** Multiple of a client's rate that the account gets: 1 for an identity, `rates.guestsPerAddress` for guests. */
  readonly rateFactor: number
  /**
   * In a `join`: the page was reloaded and continues its session, or this server adopted the session's presence from
   * another one. Nobody saw it leave, so do not announce a join.
   */
  readonly isResumed: boolean
  /** Whether `authorize` allows it only to read. The presence that its `join` tracks is then shown until its session ends. */
  readonly isReadOnly: boolean
  /** The client's latest connect params. They are unchecked strings. */
  readonly params: ReadonlyMap<string, string>
  /** The application's own values for the session, shared by all its channels. */
  readonly assigns: Map<string, unknown>

  /**
   * Makes the session present here under `key`; tracking again overwrites. Refused with a fault when a value is too large
   * or the node is full. The presence leaves by itself when the session leaves the topic or ends.
   */
  track(key: Key, meta: Meta): TrackResult
  /** Replaces the meta of the session's presence here. */
  update(meta: Meta): TrackResult
  /** Changes part of that meta by a JSON merge patch. */
  patch(patch: JsonObject): TrackResult
  /** Ends the session's presence; the session stays in the topic. Returns whether it had one. */
  untrack(): boolean
  /** Resolves with all presences of the topic. The session's own is included as soon as it is tracked. */
  list(): Promise<Presence[]>
  /** Resolves with the changes since a position, or with all presences if there is none. */
  diff(since?: Position): Promise<RegistryDiff>

  /**
   * Sends an event to this session alone. A payload is JSON or bytes; bytes are sent as a binary frame if the client's
   * dialect has them, and as `{base64}` otherwise.
   */
  push(event: string, payload: Payload): void
  /** Sends `presence_state` to this session alone. */
  pushState(): void
  /** Sends an event to everybody in the topic, this session included. */
  broadcast(event: string, payload: Payload): void
  /** Sends an event to everybody in the topic except this session. */
  broadcastFrom(event: string, payload: Payload): void
  /** Removes the session from the topic and sends its client the reason. */
  close(reason: LeaveReason, problem?: Fault): void
}
