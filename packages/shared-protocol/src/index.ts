export { encodeBase64 } from './base64'
export { checkName, checkNameText } from './check-name'
export type {
  AppearMessage,
  ClientMessage,
  DisappearMessage,
  GoodbyeMessage,
  HeartbeatMessage,
  HelloMessage,
  JoinMessage,
  LeaveMessage,
  PatchMessage,
  PushMessage,
  RefreshMessage,
  SyncMessage,
  UpdateMessage,
} from './client-message'
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
export { rollcallClientDialect } from './dialect/rollcall-client'
export { ROLLCALL_SYSTEM_TOPIC } from './dialect/rollcall-frame'
export { vixDialect } from './dialect/vix'
export { zzzDialect } from './dialect/zzz'
export { ERROR_CODES, type ErrorCode, type ErrorCodeEntry, isErrorCode, isRetryable } from './error-code'
export { checkBytes, type Fault, fault, faultBody, type LimitBreach, limitFault, limitOption } from './fault'
export type { Epoch, Key, MessageRef, Position, PresenceRef, Seq, Topic } from './ids'
export {
  field,
  isBinary,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Payload,
} from './json'
export { DEFAULT_LIMITS, type Limits, ZZZ_LIMITS } from './limits'
export { type Step, stay, stepBy, type TransitionTable } from './machine/transition-table'
export { type Continuity, continuityOf } from './presence/continuity'
export { diffSnapshots } from './presence/diff-snapshots'
export { digestOf, digestOfOne } from './presence/digest'
export { fullDiff } from './presence/full-diff'
export { mergeDiffs } from './presence/merge-diffs'
export { mergePatch } from './presence/merge-patch'
export { PhoenixPresences } from './presence/phoenix-presences'
export { PresenceSet } from './presence/presence-set'
export type { AppliedChanges } from './presence/presence-step'
export {
  type FullDiff,
  type FullLeave,
  type FullUpdate,
  LEAVE_REASONS,
  type LeaveReason,
  type Meta,
  type PhoenixMeta,
  type Presence,
  type PresenceChanges,
  type PresenceDiff,
  type PresenceLeave,
  type PresenceSnapshot,
  type PresenceUpdate,
} from './presence/types'
export { failure, type Result, success } from './result'
export type {
  ChannelClosedMessage,
  ChannelFailedMessage,
  DiffMessage,
  ErrorReply,
  EventMessage,
  FaultMessage,
  MetasDiffMessage,
  MetasStateMessage,
  OkReply,
  OpenedMessage,
  ReceivedErrorReply,
  ReceivedFailure,
  ReceivedFault,
  ReceivedMessage,
  ReceivedMetas,
  ServerMessage,
  StateMessage,
} from './server-message'
export { utf8Bytes } from './utf8'
export { SUBPROTOCOL, WIRE_REVISION } from './version'
