export type { Backoff } from './async/backoff'
export {
  Channel,
  type ChannelSnapshot,
  type ChannelStatus,
  type JoinPayload,
  type PushOptions,
} from './channel/channel'
export type { AuthToken } from './credentials/credentials'
export {
  CLIENT_ERROR_CODES,
  RollcallError,
  type RollcallErrorCode,
  type RollcallErrorDetails,
} from './errors'
export type { Clock, Random } from './io/clock'
export type { NetworkHintListener, NetworkHints } from './io/network-hints'
export type { OpenTransport, Transport, TransportListener } from './io/transport'
export {
  DEFAULT_SOCKET_OPTIONS,
  type ResolvedSocketOptions,
  type SocketDialect,
  type SocketOptions,
  type SocketParams,
} from './options'
export {
  type MetaPatch,
  Presence,
  type PresenceEntry,
  type PresenceEvents,
  type PresenceRecord,
  type PresenceView,
} from './presence/presence'
export {
  type CloseInfo,
  type ConnectionSnapshot,
  type Identity,
  Socket,
  type SocketEvents,
  type SocketStatus,
} from './socket'
