import type { Dialect, Frame, ServerMessage, Topic } from '@rollcall/shared-protocol'
import type { Identity } from '../session/identity'

/** What a session says through: the connection that holds it. */
export interface Outlet {
  send(message: ServerMessage): void
  /** Sends what was encoded already, for many. */
  deliver(frames: readonly Frame[]): void
  close(code: number, reason: string): void
}

/** The session, as far as its channels know it. What is sent while no connection holds it is dropped. */
export interface ChannelHost extends Outlet {
  readonly id: string
  readonly identity: Identity
  readonly dialect: Dialect
  readonly params: ReadonlyMap<string, string>
  readonly assigns: Map<string, unknown>
  /** The channel of this topic has ended by itself. */
  forget(topic: Topic): void
}
