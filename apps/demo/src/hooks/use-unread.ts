import { useState } from 'react'
import type { Timeline } from '../model/timeline'
import { NOTHING_UNREAD, stepUnread, type Unread } from '../model/unread'

/** What came while the end of the timeline was out of view, or the page hidden. */
export function useUnread(timeline: Timeline, isLooking: boolean, selfId: string): Unread {
  const [unread, setUnread] = useState(NOTHING_UNREAD)
  const next = stepUnread(unread, timeline, isLooking, selfId)
  // Set while rendering: the mark and the message that it belongs to are drawn together.
  if (next !== unread) setUnread(next)
  return next
}
