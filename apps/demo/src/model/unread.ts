import type { MessageLine, Timeline } from './timeline'

/** The messages that arrived while the user did not look. */
export interface Unread {
  /** The first unseen message. Stays as a mark in the timeline after it has been read. */
  readonly markId: string | null
  /** Number of unseen messages. */
  readonly count: number
  /** Arrival of the newest line that the user saw. A time and not a line, because lines are removed. */
  readonly seenAt: number
}

export const NOTHING_UNREAD: Unread = { markId: null, count: 0, seenAt: 0 }

/** Follows a timeline. `isLooking`: its end is in view on a visible page. */
export function stepUnread(unread: Unread, timeline: Timeline, isLooking: boolean, selfId: string): Unread {
  if (isLooking) {
    const seenAt = timeline.at(-1)?.at ?? unread.seenAt
    return unread.count === 0 && unread.seenAt === seenAt ? unread : { ...unread, count: 0, seenAt }
  }
  const missed = timeline.filter((line): line is MessageLine => {
    return line.kind === 'message' && line.by !== selfId && line.at > unread.seenAt
  })
  const first = missed[0]
  if (first === undefined || missed.length === unread.count) return unread
  return { ...unread, markId: unread.count === 0 ? first.id : unread.markId, count: missed.length }
}
