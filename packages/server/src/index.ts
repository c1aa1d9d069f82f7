export { isJsonObject, phoenixState } from '@rollcall/shared-protocol'
export type { AdmissionOptions } from './admission/admission-options'
export type { TrustProxy } from './admission/client-address'
export type { AllowedOrigins, OriginHandshake } from './admission/origins'
export type { Access, Authorize, AuthorizeContext, AuthorizeResult } from './channel/authorization'
export type { ChannelContext } from './channel/channel-context'
export {
  type ChannelDefinition,
  defineChannel,
  type Handler,
  referenceChannel,
} from './channel/channel-definition'
export type { Call, Middleware } from './channel/middleware'
export { allowIf, logCalls, type RateLimitOptions, rateLimit } from './channel/middleware'
export { type Refusal, type Reply, refuse, refuseWith } from './channel/reply'
export type { HeartbeatOptions } from './connection/heartbeat'
export type { OutboxOptions } from './connection/outbox'
export { ServerError, type ServerErrorCode } from './errors'
export type { HttpOptions } from './http/http-server'
export type { LongPollOptions } from './http/longpoll'
export {
  type Authenticate,
  HandshakeError,
  type HandshakeErrorStatus,
  type Identity,
} from './identity/identity'
export { jwtAuthenticate } from './identity/jwt/jwt-authenticate'
export type {
  JsonWebKey,
  JwtCommonOptions,
  JwtJwksOptions,
  JwtOptions,
  JwtPublicKeyOptions,
  JwtSecretOptions,
} from './identity/jwt/jwt-options'
export type { Mode } from './io/mode'
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
export type { NotReadyReason } from './node'
export type { ServerOptions } from './options'
export type { FlushOptions } from './presence/flush-machine'
export type { HistoryOptions } from './presence/history'
export type { Owner } from './presence/owned-presences'
export type { TrackResult } from './presence/presence-registry'
export type { Registry } from './presence/registry'
export type { RegistryDiff } from './presence/registry-diff'
export type { Rate, Rate as TokenBucketOptions } from './rate-limit/gcra'
export type { RatesOptions } from './rate-limit/rates'
export { createServer, type DrainOptions, type RollcallServer } from './server'
export type { GraceOptions } from './session/sessions'
export { MemoryStore, type MemoryStoreOptions, MemoryStoreState } from './store/memory/memory-store'
export type { KickTarget } from './store/node-messages'
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
