import type {
  ClientDialect,
  ClientMessage,
  ReceivedFault,
  ReceivedMessage,
  ReceivedMetas,
  Topic,
} from '@rollcall/shared-protocol'
import type { ResolvedSocketOptions } from '../options'

/** What the server says to one topic's channel. */
export type ReceivedFrame = Exclude<ReceivedMessage, ReceivedFault> | ReceivedMetas

/** How a channel sees its socket. */
export interface ChannelLink {
  readonly options: ResolvedSocketOptions
  readonly dialect: ClientDialect
  /** Whether there is a transport to send on. */
  readonly isConnected: boolean
  /** Shared by all channels, as the bound is. */
  readonly queue: { length: number }
  /** Never the same twice in a socket's life: an answer from before can't be taken for one to something later. */
  nextRef(): string
  /** What {@link nextRef} is going to return. */
  peekRef(): string
  /** Throws where the payload is not JSON. Not to be called while there is no connection. */
  send(message: ClientMessage): void
  /** The server may have this topic's channel still; it is to be left. */
  leaveLater(topic: Topic): void
  cancelLeave(topic: Topic): void
  /** How long the server waits for those who were there before it started, in milliseconds; 0 where it does not. */
  settlingMs(): number
  /** Takes the topic for this channel. False where another one has it. */
  addChannel(topic: Topic, end: ChannelEnd): boolean
  removeChannel(topic: Topic, end: ChannelEnd): void
}

/** How a socket sees one of its channels. */
export interface ChannelEnd {
  /** What the application holds. */
  readonly channel: unknown
  receive(frame: ReceivedFrame): void
  connected(): void
  /** `isFinal`: the connection does not come back by itself. */
  lost(isFinal: boolean): void
  replacePayload(payload: unknown): void
}
