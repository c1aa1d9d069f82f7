import type { LeaveReason, Topic } from '@rollcall/shared-protocol'
import type { Channel } from '../channel/channel'
import type { ChannelHost, Outlet } from '../channel/host'
import type { Identity } from './identity'

/** Server-side identity of one client instance (a tab, a device), with the channels that it is in. */
export class Session implements ChannelHost {
  readonly id: string
  readonly identity: Identity
  /** Connect params, as they came in the handshake. */
  readonly params: ReadonlyMap<string, string>
  /** The application's own, shared by the session's channels. */
  readonly assigns = new Map<string, unknown>()
  readonly outlet: Outlet
  readonly channels = new Map<Topic, Channel>()

  constructor(id: string, identity: Identity, params: ReadonlyMap<string, string>, outlet: Outlet) {
    this.id = id
    this.identity = identity
    this.params = params
    this.outlet = outlet
  }

  forget(topic: Topic): void {
    this.channels.delete(topic)
  }

  /** Leaves every channel. */
  end(reason: LeaveReason): void {
    for (const channel of [...this.channels.values()]) channel.end(reason)
    this.channels.clear()
  }
}
