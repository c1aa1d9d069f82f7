import { useState } from 'react'
import type { Timeline } from '../model/timeline'
import { NOTHING_UNREAD, stepUnread, type Unread } from '../model/unread'

/** The messages that arrived while the end of the timeline was out of view, or the page was hidden. */
export function useUnread(timeline: Timeline, isLooking: boolean, selfId: string): Unread {
  const [unread, setUnread] = useState(NOTHING_UNREAD)
  const next = stepUnread(unread, timeline, isLooking, selfId)
  // Set while rendering, so that the mark is drawn together with its message.
  if (next !== unread) setUnread(next)
  return next
}
