import { type Dispatch, useReducer } from 'react'
import { stepTimeline, type Timeline, type TimelineEvent } from '../model/timeline'

export interface RoomEvent {
  readonly room: string
  readonly event: TimelineEvent
}

const EMPTY: Timeline = []

/** The timelines of all visited rooms. They are kept outside the rooms, so a room still has its messages later. */
export function useTimelines(): readonly [(room: string) => Timeline, Dispatch<RoomEvent>] {
  const [timelines, dispatch] = useReducer(step, null, () => new Map<string, Timeline>())
  return [(room) => timelines.get(room) ?? EMPTY, dispatch]
}

function step(timelines: ReadonlyMap<string, Timeline>, { room, event }: RoomEvent): Map<string, Timeline> {
  return new Map(timelines).set(room, stepTimeline(timelines.get(room) ?? EMPTY, event))
}
