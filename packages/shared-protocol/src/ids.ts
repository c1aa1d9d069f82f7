/** A name such as `room:lobby`. At most `limits.topicBytes` UTF-8 bytes. */
export type Topic = string

/** Identifies the person or thing that is present, typically a user id. It may have several presences at once. */
export type Key = string

/** Id that the server gives one presence. It survives updates and is unique across nodes and restarts. */
export type PresenceRef = string

/** Id of one unbroken history of a topic. A store that lost its past begins a new one. Epochs have no order. */
export type Epoch = string

/** Position in an epoch, a whole number from 0. Compare only within one epoch. */
export type Seq = number

/** A place in a topic's history. */
export interface Position {
  readonly epoch: Epoch
  readonly seq: Seq
}

/**
 * Pairs a message with its reply. The client chooses it, and the server returns it unchanged, a number as a number.
 * `null` asks for no reply.
 */
export type MessageRef = string | number | null
