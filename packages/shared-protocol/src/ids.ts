/** A name such as `room:lobby`. At most `limits.topicBytes` UTF-8 bytes. */
export type Topic = string

/** Whom or what is present, typically a user id. May have several presences at once. */
export type Key = string

/** Server-minted id of one presence, stable across its updates, unique over all nodes and their restarts. */
export type PresenceRef = string

/** One unbroken history of one topic. A store that lost its past begins another; epochs have no order. */
export type Epoch = string

/** Position in an epoch, a whole number from 0. Compare only within one epoch. */
export type Seq = number

/** Where in a topic's history somebody stands. */
export interface Position {
  readonly epoch: Epoch
  readonly seq: Seq
}

/**
 * What pairs a message with its answer. Chosen by the client and returned as it came, a number as a number;
 * `null` where no answer is wanted.
 */
export type MessageRef = string | number | null
