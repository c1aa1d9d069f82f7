export { isJsonObject, phoenixState } from '@rollcall/shared-protocol'
export { jwtAuthenticate } from './auth/jwt-authenticate'
export type {
  JsonWebKey,
  JwtCommonOptions,
  JwtJwksOptions,
  JwtOptions,
  JwtPublicKeyOptions,
  JwtSecretOptions,
} from './auth/jwt-options'
export type { Access, Authorization, Authorize, AuthorizeContext } from './channel/authorization'
export type { Call, Middleware } from './channel/compose'
export type { ChannelContext } from './channel/context'
export { type ChannelDefinition, defineChannel, type Handler } from './channel/define-channel'
export { authorize } from './channel/middleware/authorize'
export { logCalls } from './channel/middleware/log'
export { type RateLimitOptions, rateLimit } from './channel/middleware/rate-limit'
export { referenceChannel } from './channel/reference-channel'
export { type Refusal, type Reply, refuse, refuseWith } from './channel/reply'
export type { HeartbeatOptions } from './connection/heartbeat'
export type { OutboxOptions } from './connection/outbox'
export type { RatesOptions } from './connection/rates'
export type { AdmissionOptions } from './door/admission-options'
export type { TrustProxy } from './door/client-address'
export type { AllowedOrigins, OriginHandshake } from './door/origins'
export { ServerError, type ServerErrorCode } from './errors'
export type { Rate, Rate as TokenBucketOptions } from './gcra'
export type { HttpOptions } from './http/http-server'
export type { LongPollOptions } from './http/longpoll'
export type { CompressionOptions, Packet } from './io/packet'
export type {
  Acceptance,
  Admit,
  HandshakeRefusal,
  HandshakeRequest,
  Wire,
  WireEvents,
} from './io/wire'
export type { Logger } from './log'
export type { Mode } from './mode'
export type { ReadinessProblem } from './node'
export type { ServerOptions } from './options'
export type { FlushOptions } from './presence/flush'
export type { HistoryOptions } from './presence/history'
export type { Owner } from './presence/owned'
export type { Registry, RegistryDiff, TrackResult } from './presence/registry'
export { createServer, type DrainOptions, type RollcallServer } from './server'
export type { KickTarget } from './session/control-line'
export {
  type Authenticate,
  HandshakeError,
  type HandshakeErrorStatus,
  type Identity,
} from './session/identity'
export type { GraceOptions } from './session/sessions'
export { MemoryStore, type MemoryStoreOptions, MemoryStoreState } from './store/memory-store'
export type {
  RedisAddress,
  RedisAlone,
  RedisCluster,
  RedisConnection,
  RedisSentinels,
} from './store/redis/redis-connection'
export type { RedisStoreOptions } from './store/redis/redis-options'
export { RedisStore } from './store/redis/redis-store'
export type {
  Change,
  DropChange,
  LeaveReasons,
  NodeEvents,
  PutChange,
  SessionEntry,
  SessionStore,
  Store,
  StoredSession,
  StoreMessage,
  Subscription,
  TopicFeed,
} from './store/store'
