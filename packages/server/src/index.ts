export { phoenixState } from '@rollcall/shared-protocol'
export type { Call, Middleware } from './channel/compose'
export type { ChannelContext } from './channel/context'
export { type ChannelDefinition, defineChannel, type Handler } from './channel/define-channel'
export { authorize } from './channel/middleware/authorize'
export { logCalls } from './channel/middleware/log'
export { rateLimit } from './channel/middleware/rate-limit'
export type { TokenBucketOptions } from './channel/middleware/token-bucket'
export { referenceChannel } from './channel/reference-channel'
export { type Refusal, type Reply, refuse, refuseWith } from './channel/reply'
export type { HeartbeatOptions } from './connection/heartbeat'
export type { OutboxOptions } from './connection/outbox'
export { ServerError, type ServerErrorCode } from './errors'
export type { LongPollOptions } from './http/longpoll'
export type { CompressionOptions } from './io/packet'
export type { HandshakeRequest } from './io/wire'
export type { Logger } from './log'
export type { Mode } from './mode'
export type { ServerOptions } from './options'
export type { FlushOptions } from './presence/flush'
export type { HistoryOptions } from './presence/history'
export type { Owner } from './presence/owned'
export type { Registry, RegistryDiff, TrackResult } from './presence/registry'
export { createServer, type RollcallServer } from './server'
export { type Authenticate, HandshakeError, type Identity } from './session/identity'
export type { GraceOptions } from './session/sessions'
export { MemoryStore, MemoryStoreState } from './store/memory-store'
export type {
  Change,
  DropChange,
  PutChange,
  Store,
  StoreMessage,
  Subscription,
  TopicFeed,
} from './store/store'
