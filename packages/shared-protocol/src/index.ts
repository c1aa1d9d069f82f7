export { checkName, checkNameText } from './check-name'
export { CLOSE_CODES, type CloseCode, type CloseCodeEntry, shouldReconnect } from './close-code'
export type {
  ClientDialect,
  DecodeContext,
  DecodedClientMessage,
  Dialect,
  DialectName,
  Frame,
  ReplyAddress,
} from './dialect/dialect'
export { isReservedEvent } from './dialect/event-names'
export { type Handshake, type Negotiation, negotiateDialect, type TransportName } from './dialect/negotiate'
export { binaryFrameAsText } from './dialect/phoenix-binary'
export { phoenixState, phxRef } from './dialect/phoenix-presence'
export { phoenixV1Dialect } from './dialect/phoenix-v1'
export { phoenixV2Dialect } from './dialect/phoenix-v2'
export { phoenixV2ClientDialect } from './dialect/phoenix-v2-client'
export { rollcallDialect } from './dialect/rollcall'
export {
  ROLLCALL_SYSTEM_TOPIC,
  rollcallClientDialect,
  SUBPROTOCOL,
  WIRE_REVISION,
} from './dialect/rollcall-client'
export { vixDialect } from './dialect/vix'
export { zzzDialect } from './dialect/zzz'
export {
  checkBytes,
  ERROR_CODES,
  type ErrorCode,
  type ErrorCodeEntry,
  type Fault,
  failure,
  fault,
  faultBody,
  isErrorCode,
  isRetryable,
  type LimitBreach,
  limitFault,
  limitOption,
  type Result,
  success,
} from './fault'
export type { Epoch, Key, MessageRef, Position, PresenceRef, Seq, Topic } from './ids'
export {
  encodeBase64,
  field,
  isBinary,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Payload,
} from './json'
export { DEFAULT_LIMITS, type Limits, ZZZ_LIMITS } from './limits'
export type {
  AppearMessage,
  ChannelClosedMessage,
  ChannelFailedMessage,
  ClientMessage,
  DiffMessage,
  DisappearMessage,
  ErrorReply,
  EventMessage,
  FaultMessage,
  GoodbyeMessage,
  HeartbeatMessage,
  HelloMessage,
  JoinMessage,
  LeaveMessage,
  MetasDiffMessage,
  MetasStateMessage,
  OkReply,
  OpenedMessage,
  PatchMessage,
  PushMessage,
  ReceivedErrorReply,
  ReceivedFailure,
  ReceivedFault,
  ReceivedMessage,
  ReceivedMetas,
  RefreshMessage,
  ServerMessage,
  StateMessage,
  SyncMessage,
  UpdateMessage,
} from './messages'
export { digestOf, digestOfOne } from './presence/digest'
export {
  applyEdit,
  bytesOfEdit,
  changesOf,
  composeEdits,
  contentOf,
  editOf,
  foldInto,
  type GrowingEdit,
  growthOf,
  type MetaChange,
  type MetaEdit,
  mergePatch,
  withoutIdleRemovals,
} from './presence/meta-edit'
export { PhoenixPresences } from './presence/phoenix-presences'
export type { AppliedChanges } from './presence/presence'
export {
  type Continuity,
  continuityOf,
  diffSnapshots,
  type FullDiff,
  type FullLeave,
  type FullUpdate,
  fullDiff,
  LEAVE_REASONS,
  type LeaveReason,
  type Meta,
  mergeDiffs,
  type PhoenixMeta,
  type Presence,
  type PresenceChanges,
  type PresenceDiff,
  type PresenceLeave,
  type PresenceSnapshot,
  type PresenceUpdate,
} from './presence/presence'
export { PresenceSet } from './presence/presence-set'
export { type Step, stay, stepBy, type TransitionTable } from './transition-table'
export { utf8Bytes } from './utf8'
