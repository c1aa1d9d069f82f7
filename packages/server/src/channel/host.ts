import type { Dialect, ServerMessage, Topic } from '@rollcall/shared-protocol'
import type { Account } from '../door/account'
import type { Packet } from '../io/packet'
import type { Identity } from '../session/identity'
import type { Answers } from './answers'
import type { Attachment } from './attachment'
import type { ShownPresences } from './shown-presences'

/** What a session says through: the connection that holds it. */
export interface Outlet {
  send(message: ServerMessage): void
  /** Sends what was encoded already, for many. */
  deliver(packet: Packet): void
  /** Whether the peer is behind with its reading, so that presence is to wait. */
  readonly isCongested: boolean
  /** Whether a state can be delivered now; where not, {@link ChannelHost} is told to catch up once it can. */
  takesState(): boolean
  close(code: number, reason: string): void
}

/** The session, as far as its channels know it. What is sent while no connection holds it is dropped. */
export interface ChannelHost extends Outlet {
  readonly id: string
  readonly identity: Identity
  readonly dialect: Dialect
  /** Whom its presences are counted for; null for nobody. */
  readonly account: Account | null
  readonly params: ReadonlyMap<string, string>
  readonly assigns: Map<string, unknown>
  /** What it last showed in topics where it may only read. A join there shows the same again. (S-62) */
  readonly shown: ShownPresences
  /** Its channels: one that joins finds there the one whose place it takes. */
  readonly channels: {
    get(topic: Topic): { readonly answers: Answers; readonly attachment: Attachment } | undefined
  }
  /** The channel of this topic has ended by itself. */
  forget(topic: Topic): void
}
