export type { AuthToken } from './auth-token'
export {
  Channel,
  type ChannelSnapshot,
  type ChannelStatus,
  type JoinPayload,
  type PushOptions,
} from './channel'
export {
  CLIENT_ERROR_CODES,
  RollcallError,
  type RollcallErrorCode,
  type RollcallErrorDetails,
} from './errors'
export type { Clock, Random } from './io/clock'
export type { NetworkHintListener, NetworkHints } from './io/network-hints'
export type { Backoff } from './machine/backoff'
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
} from './presence'
export {
  type CloseInfo,
  type ConnectionSnapshot,
  type Identity,
  Socket,
  type SocketEvents,
  type SocketStatus,
} from './socket'
export type { OpenTransport, Transport, TransportListener } from './transport'
